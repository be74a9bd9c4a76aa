package dev.glimpse.io;

import java.util.Optional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The element types of the safetensors format, with libtorch's type for each that it has. */
public enum DType {
    BOOL(8, ScalarType.Bool), F4(4, null), F6_E2M3(6, null), F6_E3M2(6, null), U8(8, ScalarType.Byte),
    I8(8, ScalarType.Char), F8_E5M2(8, ScalarType.Float8_e5m2), F8_E4M3(8, ScalarType.Float8_e4m3fn),
    F8_E8M0(8, ScalarType.Float8_e8m0fnu), I16(16, ScalarType.Short), U16(16, ScalarType.UInt16),
    F16(16, ScalarType.Half), BF16(16, ScalarType.BFloat16), I32(32, ScalarType.Int), U32(32, ScalarType.UInt32),
    F32(32, ScalarType.Float), C64(64, ScalarType.ComplexFloat), F64(64, ScalarType.Double), I64(64, ScalarType.Long),
    U64(64, ScalarType.UInt64);

    private final int bits;
    private final ScalarType torchType;

    DType(int bits, ScalarType torchType) {
        this.bits = bits;
        this.torchType = torchType;
    }

    /** Size of one element in bits. */
    public int bits() {
        return bits;
    }

    /** Libtorch's type; the four- and six-bit types have none. */
    public Optional<ScalarType> torchType() {
        return Optional.ofNullable(torchType);
    }

    /**
     * The format's type for one of libtorch's.
     *
     * @throws IllegalArgumentException for a type that the format lacks
     */
    public static DType of(ScalarType type) {
        ScalarType constant = type.intern(); // what libtorch returns is equal to its constant, but not the same
        for (DType candidate : values()) {
            if (candidate.torchType == constant) {
                return candidate;
            }
        }
        throw new IllegalArgumentException("safetensors has no element type for libtorch's " + type);
    }
}
