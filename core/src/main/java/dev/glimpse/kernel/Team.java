package dev.glimpse.kernel;

import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.global.torch;

/**
 * The threads that share a kernel's work: as many as libtorch has, the caller among them.
 *
 * <p>
 * Which thread does which part is left to chance, so parts must not depend on each other, and what is added up from
 * several parts is added by one thread afterwards.
 */
final class Team {
    /** How often a thread looks for work before it sleeps: about as long as a small layer takes between two kernels. */
    private static final int PATIENCE = 2_000;

    private static final ReentrantLock BUSY = new ReentrantLock();
    private static volatile Team team = new Team(0);

    private final Thread[] workers;
    private volatile Work work;

    private Team(int workers) {
        this.workers = new Thread[workers];
        for (int i = 0; i < workers; i++) {
            this.workers[i] = Thread.ofPlatform().daemon().name("glimpse-kernel-" + (i + 1)).unstarted(this::serve);
        }
    }

    /** One call: parts are taken by number until none is left. */
    private static final class Work {
        private final IntConsumer part;
        private final int parts;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private volatile Throwable failure;

        Work(int parts, IntConsumer part) {
            this.parts = parts;
            this.part = part;
        }

        void take() {
            for (int i = next.getAndIncrement(); i < parts; i = next.getAndIncrement()) {
                try {
                    part.accept(i);
                } catch (Throwable e) { // handed to the caller
                    failure = e;
                }
                done.incrementAndGet();
            }
        }
    }

    /** Does all parts, on several threads unless they are at work for somebody else, and returns when all are done. */
    static void forEach(int parts, IntConsumer part) {
        int threads = torch.get_num_threads();
        if (parts == 1 || threads == 1 || BUSY.isHeldByCurrentThread() || !BUSY.tryLock()) {
            for (int i = 0; i < parts; i++) {
                part.accept(i);
            }
            Reference.reachabilityFence(part); // it holds the tensors whose addresses are being worked on
            return;
        }
        try {
            withThreads(threads).share(new Work(parts, part));
        } finally {
            BUSY.unlock();
            Reference.reachabilityFence(part);
        }
    }

    private static Team withThreads(int threads) {
        Team current = team;
        if (current.workers.length != threads - 1) {
            Team next = new Team(threads - 1);
            team = next;
            for (Thread worker : current.workers) {
                LockSupport.unpark(worker);
            }
            for (Thread worker : next.workers) {
                worker.start();
            }
            current = next;
        }
        return current;
    }

    private void share(Work shared) {
        work = shared;
        for (int i = 0; i < Math.min(workers.length, shared.parts - 1); i++) {
            LockSupport.unpark(workers[i]);
        }
        shared.take();
        while (shared.done.get() < shared.parts) {
            Thread.onSpinWait();
        }
        work = null;
        switch (shared.failure) {
            case null -> {
            }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(shared.failure);
        }
    }

    private void serve() {
        int idle = 0;
        while (team == this) {
            Work open = work;
            if (open != null && open.next.get() < open.parts) {
                open.take();
                idle = 0;
            } else if (++idle < PATIENCE) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
                idle = 0;
            }
        }
    }
}
