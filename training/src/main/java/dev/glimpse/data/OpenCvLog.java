package dev.glimpse.data;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.slf4j.LoggerFactory;

/** OpenCV's own log on standard error: what is wrong with a file is said once, in the exception. */
final class OpenCvLog {
    /** {@code cv::utils::logging::setLogLevel(LogLevel)}, which has no binding, under its C++ name. */
    private static final String SET_LOG_LEVEL = "_ZN2cv5utils7logging11setLogLevelENS1_8LogLevelE";

    private static final int SILENT = 0;

    private OpenCvLog() {}

    static void silence() {
        Loader.load(opencv_core.class);
        SymbolLookup.loaderLookup().or(Linker.nativeLinker().defaultLookup()).find(SET_LOG_LEVEL)
                .ifPresentOrElse(OpenCvLog::call, () -> LoggerFactory.getLogger(OpenCvLog.class)
                        .debug("OpenCV's log cannot be silenced: it goes to standard error"));
    }

    @SuppressWarnings("restricted") // Linker.downcallHandle
    private static void call(MemorySegment setLogLevel) {
        FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        try {
            Object _ = Linker.nativeLinker().downcallHandle(setLogLevel, type).invoke(SILENT);
        } catch (Throwable e) {
            throw new IllegalStateException("cannot call OpenCV's setLogLevel", e);
        }
    }
}
