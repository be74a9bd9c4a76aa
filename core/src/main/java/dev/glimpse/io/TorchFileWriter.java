package dev.glimpse.io;

import dev.glimpse.nn.Tensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Writes the zip format of {@code torch.save}: a pickle of an ordered dictionary, and a stored entry a tensor. */
final class TorchFileWriter {
    private static final String FOLDER = "archive/";
    /** PyTorch maps its files into memory where the storages begin at multiples of this. */
    private static final int ALIGNMENT = 64;
    private static final int LOCAL_HEADER = 30;
    private static final int EXTRA_HEADER = 4;
    private static final short PADDING_ID = 0x4246; // "FB", the extra field that PyTorch pads with

    private final ZipOutputStream zip;
    private long written;

    private TorchFileWriter(OutputStream out) {
        zip = new ZipOutputStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                out.write(b);
                written++;
            }

            @Override
            public void write(byte[] b, int off, int len) throws IOException {
                out.write(b, off, len);
                written += len;
            }
        });
        zip.setMethod(ZipOutputStream.STORED);
    }

    static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            Map<String, Tensor> plain = new LinkedHashMap<>();
            tensors.forEach((name, t) -> plain.put(name, t.detach().resolve_conj().resolve_neg().contiguous()));
            byte[] pickle = pickle(file, plain);
            AtomicFiles.write(file, channel -> {
                OutputStream out = Channels.newOutputStream(channel);
                TorchFileWriter writer = new TorchFileWriter(out);
                writer.add("data.pkl", pickle);
                writer.add("byteorder", "little".getBytes(StandardCharsets.UTF_8));
                int key = 0;
                for (Tensor tensor : plain.values()) {
                    writer.add("data/" + key++, Tensors.memory(tensor));
                }
                writer.add("version", "3\n".getBytes(StandardCharsets.UTF_8));
                writer.zip.finish();
                writer.zip.flush();
            });
        }
    }

    private void add(String name, byte[] content) throws IOException {
        add(name, MemorySegment.ofArray(content));
    }

    private void add(String name, MemorySegment content) throws IOException {
        CRC32 crc = new CRC32();
        pieces(content, piece -> crc.update(piece));
        ZipEntry entry = new ZipEntry(FOLDER + name);
        entry.setSize(content.byteSize());
        entry.setCompressedSize(content.byteSize());
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(LocalDateTime.of(1981, 1, 1, 0, 0)); // equal weights make equal files
        entry.setExtra(padding(name));
        zip.putNextEntry(entry);
        byte[] buffer = new byte[1 << 16];
        pieces(content, piece -> {
            while (piece.hasRemaining()) {
                int count = Math.min(buffer.length, piece.remaining());
                piece.get(buffer, 0, count);
                try {
                    zip.write(buffer, 0, count);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        zip.closeEntry();
    }

    private static void pieces(MemorySegment content, Consumer<ByteBuffer> use) {
        for (long at = 0; at < content.byteSize(); at += 1 << 30) {
            use.accept(content.asSlice(at, Math.min(1 << 30, content.byteSize() - at)).asByteBuffer());
        }
    }

    private byte[] padding(String name) {
        long begin = written + LOCAL_HEADER + (FOLDER + name).length() + EXTRA_HEADER;
        int blanks = Math.floorMod(-begin, ALIGNMENT);
        return ByteBuffer.allocate(EXTRA_HEADER + blanks).order(ByteOrder.LITTLE_ENDIAN).putShort(PADDING_ID)
                .putShort((short) blanks).array();
    }

    /** Protocol 2: OrderedDict([(name, _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())), ...]). */
    private static byte[] pickle(Path file, Map<String, Tensor> tensors) {
        PickleBytes out = new PickleBytes();
        out.write(0x80);
        out.write(2);
        out.global("collections", "OrderedDict");
        out.op(")R(");
        int key = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            DType type = DType.of(entry.getValue().scalar_type());
            String storage = TorchFile.storageClass(type).orElseThrow(() -> new IllegalArgumentException(
                    file + ": tensor '" + entry.getKey() + "' is " + type + ", for which PyTorch has no storage"));
            long[] shape = Tensors.shape(entry.getValue());
            out.text(entry.getKey());
            out.global("torch._utils", "_rebuild_tensor_v2");
            out.op("((");
            out.text("storage");
            out.global("torch", storage);
            out.text(Integer.toString(key++));
            out.text("cpu");
            out.number(entry.getValue().numel());
            out.op("tQ");
            out.number(0);
            out.numbers(shape);
            out.numbers(strides(shape));
            out.write(0x89);
            out.global("collections", "OrderedDict");
            out.op(")RtR");
        }
        out.op("u.");
        return out.toByteArray();
    }

    private static long[] strides(long[] shape) {
        long[] strides = new long[shape.length];
        long step = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = step;
            step *= Math.max(1, shape[i]);
        }
        return strides;
    }

    private static final class PickleBytes extends ByteArrayOutputStream {
        void op(String instructions) {
            writeBytes(instructions.getBytes(StandardCharsets.US_ASCII));
        }

        void global(String module, String name) {
            op("c" + module + "\n" + name + "\n");
        }

        void text(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            write('X');
            writeBytes(little(4, bytes.length));
            writeBytes(bytes);
        }

        void number(long number) {
            if (number <= Integer.MAX_VALUE) {
                write('J');
                writeBytes(little(4, number));
            } else {
                write(0x8a);
                write(Long.BYTES);
                writeBytes(little(Long.BYTES, number));
            }
        }

        void numbers(long[] numbers) {
            write('(');
            for (long number : numbers) {
                number(number);
            }
            write('t');
        }

        private static byte[] little(int size, long number) {
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) {
                bytes[i] = (byte) (number >>> Byte.SIZE * i);
            }
            return bytes;
        }
    }
}
