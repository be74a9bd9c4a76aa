package dev.glimpse.io;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages a file as bad disks, bad downloads and bad people do. */
final class Mutation {
    private static final List<String> TOKENS = List.of("-1", "0", "9223372036854775807", "1e400", "null", "[", "]", "{",
            "}", "\"", ",", ":", "F4", "BOOL", "C64", "data_offsets", "\\u0000", "\n", "[0,4611686018427387904]", "8");

    private Mutation() {}

    /** One to three changes, most of them in the header. */
    static byte[] of(byte[] good, Random random) {
        byte[] bytes = good.clone();
        for (int i = random.nextInt(3); i >= 0 && bytes.length > 0; i--) {
            int at = random.nextInt(random.nextInt(4) == 0 ? Math.min(16, bytes.length) : bytes.length);
            bytes = switch (random.nextInt(7)) {
                case 0 -> set(bytes, at, (byte) random.nextInt());
                case 1 -> set(bytes, at, (byte) (bytes[at] ^ 1 << random.nextInt(8)));
                case 2 -> set(bytes, at, (byte) ('0' + random.nextInt(10)));
                case 3 -> Arrays.copyOf(bytes, at);
                case 4 -> join(bytes, at, new byte[random.nextInt(9)], at);
                case 5 -> join(bytes, at, TOKENS.get(random.nextInt(TOKENS.size())).getBytes(StandardCharsets.UTF_8),
                        at);
                default -> join(bytes, at, new byte[0], Math.min(bytes.length, at + 1 + random.nextInt(8)));
            };
        }
        return bytes;
    }

    private static byte[] set(byte[] bytes, int at, byte value) {
        bytes[at] = value;
        return bytes;
    }

    private static byte[] join(byte[] bytes, int end, byte[] middle, int begin) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.write(bytes, 0, end);
        joined.writeBytes(middle);
        joined.write(bytes, begin, bytes.length - begin);
        return joined.toByteArray();
    }
}
