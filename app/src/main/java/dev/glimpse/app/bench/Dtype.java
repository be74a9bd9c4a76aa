package dev.glimpse.app.bench;

import java.util.Locale;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What a map's numbers are. */
public enum Dtype {
    FP32(ScalarType.Float), BF16(ScalarType.BFloat16);

    private final ScalarType type;

    Dtype(ScalarType type) {
        this.type = type;
    }

    /** As libtorch calls it. */
    public ScalarType type() {
        return type;
    }

    /** As it is typed. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
