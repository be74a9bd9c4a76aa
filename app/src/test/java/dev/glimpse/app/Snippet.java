package dev.glimpse.app;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A block of Java in the documentation, compiled and run as the body of a method. A comment such as
 * {@code Tensor y = ...; // (2, 64, 8, 8)} is held to be the tensor's shape.
 */
final class Snippet {
    private static final Pattern SHAPED = Pattern.compile("\\s*Tensor (\\w+) = .*; // \\(([\\d, ]+)\\).*");
    private static final String NAME = "Block";

    private Snippet() {}

    /**
     * Compiles and runs a block.
     *
     * @param imports in one line
     * @throws AssertionError saying file, line and what was wrong
     */
    static void run(MarkdownPage.Block block, String imports) throws ReflectiveOperationException {
        // The imports share the first line, so that line n of the block is line n + 1 of the class.
        String source = imports + " public final class " + NAME + " { public static void run() throws Exception {\n"
                + block.code().stream().map(Snippet::checkingShapes).collect(Collectors.joining("\n")) + "\n}}";
        Class<?> compiled = compile(block, source).loadClass(NAME);
        try {
            compiled.getMethod("run").invoke(null);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            long line = Stream.of(cause.getStackTrace()).filter(frame -> frame.getClassName().equals(NAME)).findFirst()
                    .map(StackTraceElement::getLineNumber).orElse(2);
            throw new AssertionError(place(block, line) + ": " + cause, cause);
        }
    }

    private static String checkingShapes(String line) {
        Matcher shaped = SHAPED.matcher(line);
        if (!shaped.matches()) {
            return line;
        }
        int comment = line.lastIndexOf("//");
        return line.substring(0, comment) + "if (!Arrays.equals(Tensors.shape(" + shaped.group(1) + "), new long[]{"
                + shaped.group(2) + "})) throw new IllegalStateException(\"" + shaped.group(1)
                + " is \" + Arrays.toString(Tensors.shape(" + shaped.group(1) + ")) + \", not (" + shaped.group(2)
                + ")\");";
    }

    private static ClassLoader compile(MarkdownPage.Block block, String source) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///" + NAME + ".java"),
                JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source;
            }
        };
        InMemory classes = new InMemory(compiler.getStandardFileManager(problems, null, null));
        if (!compiler.getTask(null, classes, problems,
                List.of("-classpath", System.getProperty("java.class.path"), "-proc:none"), null, List.of(file))
                .call()) {
            throw new AssertionError(problems.getDiagnostics().stream()
                    .filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
                    .map(problem -> place(block, problem.getLineNumber()) + ": " + problem.getMessage(null))
                    .collect(Collectors.joining("\n")));
        }
        return classes.loader();
    }

    private static String place(MarkdownPage.Block block, long sourceLine) {
        return block.file() + ":" + (block.number() + sourceLine - 2);
    }

    /** Keeps classes where no file is needed. */
    private static final class InMemory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, ByteArrayOutputStream> classes = new HashMap<>();

        InMemory(StandardJavaFileManager fallback) {
            super(fallback);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(JavaFileManager.Location location, String name,
                JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///" + name), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    classes.put(name, bytes);
                    return bytes;
                }
            };
        }

        ClassLoader loader() {
            return new ClassLoader(Snippet.class.getClassLoader()) {
                @Override
                protected Class<?> findClass(String name) throws ClassNotFoundException {
                    if (!classes.containsKey(name)) {
                        throw new ClassNotFoundException(name);
                    }
                    byte[] bytes = classes.get(name).toByteArray();
                    return defineClass(name, bytes, 0, bytes.length);
                }
            };
        }
    }
}
