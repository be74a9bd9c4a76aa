package dev.glimpse.app;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Turns Ctrl-C and the signals that end a process into a request to stop: a step is finished, and what is being written is
 * written whole. A second signal ends the process at once.
 */
final class Interrupt implements AutoCloseable {
    /** What is asked for, and what the process then exits with. */
    enum Request {
        /** Ctrl-C. */
        INT(130),
        /** A scheduler wants the machine. */
        TERM(0),
        /** The terminal went. */
        HUP(0);

        private final int exit;

        Request(int exit) {
            this.exit = exit;
        }

        int exit() {
            return exit;
        }
    }

    private static final int KILLED = 128;

    private final Map<Object, Object> before = new LinkedHashMap<>();
    private volatile Request request;

    Interrupt() {
        for (Request each : Request.values()) {
            handle(each);
        }
    }

    /** Whether somebody asked to stop. */
    boolean requested() {
        return request != null;
    }

    /** Who asked; null for nobody. */
    Request request() {
        return request;
    }

    private void stop(Request by) {
        if (request != null) {
            Runtime.getRuntime().halt(by == Request.INT ? by.exit() : KILLED);
        }
        request = by;
    }

    /** By reflection: javac warns of sun.misc.Signal at each use, and there is nothing else. */
    private void handle(Request each) {
        try {
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object signal = Class.forName("sun.misc.Signal").getConstructor(String.class).newInstance(each.name());
            Object ours = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[]{handler},
                    (proxy, method, args) -> switch (method.getName()) {
                        case "handle" -> {
                            stop(each);
                            yield null;
                        }
                        case "equals" -> proxy == args[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        default -> each.toString();
                    });
            before.put(signal, set(signal, ours));
        } catch (InvocationTargetException _) {
            // The system has no such signal, or the JVM was told to leave it: it then ends as it always did.
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM lacks the module jdk.unsupported", e);
        }
    }

    /** Sets what handles a signal, and returns what did. */
    private static Object set(Object signal, Object handler) throws ReflectiveOperationException {
        return signal.getClass().getMethod("handle", signal.getClass(), Class.forName("sun.misc.SignalHandler"))
                .invoke(null, signal, handler);
    }

    @Override
    public void close() {
        before.forEach((signal, handler) -> {
            try {
                set(signal, handler);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
