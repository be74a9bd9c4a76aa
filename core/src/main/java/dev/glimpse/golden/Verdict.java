package dev.glimpse.golden;

import java.nio.file.Path;
import java.util.Locale;

/**
 * Whether a golden file holds.
 *
 * @param subject the module or network, empty where the file does not even say
 * @param worst the largest error over the tensors, as a multiple of what is allowed; NaN where nothing was compared
 * @param tensor the tensor it was in
 * @param fault why the file fails though no error is too large (unknown module, other keys); empty where there is none
 */
public record Verdict(Path file, String subject, double worst, String tensor, String fault) {
    /** Whether the file holds. */
    public boolean ok() {
        return fault.isEmpty() && worst <= 1;
    }

    static Verdict fault(Path file, String subject, String fault) {
        return new Verdict(file, subject, Double.NaN, "", fault);
    }

    /** One line: {@code ok} or {@code FAIL}, the file, the subject, the worst error and its tensor. */
    @Override
    public String toString() {
        String head = String.format(Locale.ROOT, "%-4s  %s  %s", ok() ? "ok" : "FAIL", file.getFileName(), subject);
        return fault.isEmpty()
                ? head + String.format(Locale.ROOT, "  worst error %.3g of its bound in %s", worst, tensor)
                : head + "  " + fault;
    }
}
