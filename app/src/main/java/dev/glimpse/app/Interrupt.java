package dev.glimpse.app;

/**
 * Turns Ctrl-C into a request to stop, and holds the JVM until the work has: a step is finished and what is being written
 * is written whole.
 */
final class Interrupt implements AutoCloseable {
    private static final long PATIENCE_MILLIS = 20_000;
    private final Thread worker = Thread.currentThread();
    private final Thread hook = new Thread(this::stop, "interrupt");
    private volatile boolean requested;
    private volatile boolean finished;

    Interrupt() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Whether the user asked to stop. */
    boolean requested() {
        return requested;
    }

    private void stop() {
        requested = true;
        try {
            if (!finished) {
                worker.join(PATIENCE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        finished = true;
        if (!requested) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }
}
