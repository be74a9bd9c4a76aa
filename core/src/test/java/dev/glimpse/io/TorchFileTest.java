package dev.glimpse.io;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.nn.Tensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files in resources/torch were written by PyTorch 1.13, in both of its formats. */
class TorchFileTest {
    private static final Path RESOURCES = Path.of("src/test/resources/torch");

    @TempDir
    private Path folder;
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"zip.pt, ''", "legacy.pt, ''", "zip-ckpt.pth.tar, module.", "legacy-ckpt.pth.tar, module."})
    void readsWhatPyTorchWrote(String name, String prefix) throws IOException {
        try (SafeTensors expected = SafeTensors.open(RESOURCES.resolve("expected.safetensors"));
                TorchFile file = TorchFile.open(RESOURCES.resolve(name))) {
            Map<String, Tensor> tensors = file.tensors();
            assertThat(tensors).hasSize(expected.entries().size());
            expected.entries().forEach((key, entry) -> {
                Tensor tensor = tensors.get(prefix + key);
                assertThat(Tensors.shape(tensor)).as(key).containsExactly(entry.shape());
                assertThat(Tensors.toFloats(tensor)).as(key).containsExactly(Tensors.toFloats(expected.tensor(key)));
            });
            assertThat(DType.of(tensors.get(prefix + "h").scalar_type())).isEqualTo(DType.F16);
            assertThat(DType.of(tensors.get(prefix + "b16").scalar_type())).isEqualTo(DType.BF16);
            assertThat(DType.of(tensors.get(prefix + "d").scalar_type())).isEqualTo(DType.F64);
            assertThat(DType.of(tensors.get(prefix + "i").scalar_type())).isEqualTo(DType.I64);
            assertThat(DType.of(tensors.get(prefix + "flag").scalar_type())).isEqualTo(DType.BOOL);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip-evil.pt", "legacy-evil.pt"})
    void aPickleThatWouldRunACommandIsRefusedByName(String name) {
        assertThatThrownBy(() -> TorchFile.open(RESOURCES.resolve(name))).isInstanceOf(IOException.class)
                .hasMessageContainingAll(name, "refused", "system").hasMessageNotContaining("\n");
        assertThat(Path.of("glimpse-ran-a-command")).as("what its command would make").doesNotExist();
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("layer.weight", random(1, ScalarType.Float, 3, 4, 5));
        tensors.put("across", random(2, ScalarType.Double, 4, 6).t());
        tensors.put("half", random(3, ScalarType.Float, 7).to(ScalarType.Half));
        tensors.put("brain", random(3, ScalarType.Float, 7).to(ScalarType.BFloat16));
        tensors.put("count", Tensors.zeros(ScalarType.Long));
        tensors.put("nothing", Tensors.zeros(ScalarType.Float, 0, 3));
        Path file = folder.resolve("weights.pt");
        TorchFile.write(file, tensors);
        try (TorchFile read = TorchFile.open(file)) {
            Map<String, Tensor> back = read.tensors();
            assertThat(back.keySet()).containsExactlyElementsOf(tensors.keySet());
            tensors.forEach((name, tensor) -> {
                assertThat(back.get(name).equal(tensor)).as(name).isTrue();
                assertThat(back.get(name).scalar_type().intern()).as(name).isEqualTo(tensor.scalar_type().intern());
            });
        }
        byte[] first = Files.readAllBytes(file);
        TorchFile.write(file, tensors);
        assertThat(Files.readAllBytes(file)).as("equal weights make equal files").isEqualTo(first);
    }

    @Test
    void storagesBeginWherePyTorchCanMapThem() throws IOException {
        Path file = folder.resolve("weights.pt");
        Tensor marked = random(1, ScalarType.Float, 1000);
        TorchFile.write(file, Map.of("w", marked));
        byte[] all = Files.readAllBytes(file);
        byte[] wanted = new byte[4000];
        Tensors.memory(marked).asByteBuffer().get(wanted);
        int at = new String(all, StandardCharsets.ISO_8859_1)
                .indexOf(new String(wanted, StandardCharsets.ISO_8859_1));
        assertThat(at).isPositive();
        assertThat(at % 64).isZero();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.stream().map(ZipEntry::getName)).containsExactly("archive/data.pkl", "archive/byteorder",
                    "archive/data/0", "archive/version");
            assertThat(zip.stream().map(ZipEntry::getMethod)).containsOnly(ZipEntry.STORED);
        }
    }

    @Test
    void damagedFilesAreRefusedInOneLine() throws IOException {
        Random random = new Random(5);
        for (String name : new String[]{"zip.pt", "legacy.pt", "zip-ckpt.pth.tar", "legacy-ckpt.pth.tar"}) {
            byte[] good = Files.readAllBytes(RESOURCES.resolve(name));
            for (int i = 0; i < 1000; i++) {
                Path file = folder.resolve("damaged");
                Files.write(file, Mutation.of(good, random));
                try (PointerScope _ = new PointerScope(); TorchFile read = TorchFile.open(file)) {
                    read.tensors();
                } catch (IOException e) {
                    assertThat(e.getMessage()).contains("damaged").doesNotContain("\n");
                }
            }
        }
    }

    @Test
    void noFileAtAll() throws IOException {
        assertRefused(folder.resolve("none.pt"), "no such file");
        assertRefused(folder, "not a file");
        Path file = folder.resolve("bad.pt");
        Files.write(file, new byte[0]);
        assertRefused(file, "it is empty");
        Files.writeString(file, "hello, world");
        assertRefused(file, "begins like neither");
        Files.write(file, zipped(Map.of("a/readme", bytes("x")), ZipEntry.DEFLATED));
        assertRefused(file, "no data.pkl");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("N."), "a/constants.pkl", bytes("N.")), ZipEntry.STORED));
        assertRefused(file, "TorchScript");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("N."), "b/data.pkl", bytes("N.")), ZipEntry.STORED));
        assertRefused(file, "more than one data.pkl");
        String twice = new String(zipped(Map.of("a/data.pkl", bytes("N."), "a/data.pk2", bytes("N.")), ZipEntry.STORED),
                StandardCharsets.ISO_8859_1).replace("a/data.pk2", "a/data.pkl");
        Files.write(file, bytes(twice));
        assertRefused(file, "stands in it twice");
        byte[] good = Files.readAllBytes(RESOURCES.resolve("zip.pt"));
        Files.write(file, Arrays.copyOf(good, good.length / 2));
        assertRefused(file, "broken or truncated zip");
    }

    @Test
    void whatIsNoDictionaryOfTensors() throws IOException {
        Path file = folder.resolve("bad.pt");
        for (String pickle : new String[]{"N.", "].", "}.", "K\u0005.", "}X\u0001\0\0\0aK\u0001s."}) {
            Files.write(file, zipped(Map.of("a/data.pkl", bytes(pickle)), ZipEntry.STORED));
            try (TorchFile read = TorchFile.open(file)) {
                assertThatThrownBy(read::tensors).isInstanceOf(IOException.class)
                        .hasMessageContaining("no dictionary of tensors");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            16 | 0  | 4,4  | 4,1  | 16 |
            16 | 0  | 4,5  | 5,1  | 16 | outside
            16 | 13 | 4    | 1    | 16 | outside
            16 | 0  | 2,2  | 15,1 | 16 | outside
            16 | 0  | 4,4  | 0,1  | 16 |
            16 | 15 | 4,4  | 0,0  | 16 |
            16 | 0  | 1000000,1000000 | 0,0 | 16 | too large
            1  | 0  | 1099511627776 | 0 | 1 | too large
            16 | 0  | 4000000000,4000000000 | 1,1 | 16 | too large
            16 | -1 | 4    | 1    | 16 | outside
            16 | 0  | -4   | 1    | 16 | broken
            16 | 0  | 4    | -1   | 16 | broken
            99999999 | 0 | 4 | 1 | 16 | of which 16 are there
            2000000000 | 0 | 2000000000 | 1 | 16 | of which 16 are there
            """)
    void aTensorThatReachesOutsideOfItsStorage(long claimed, long offset, String shape, String strides, int held,
            String fault) throws IOException {
        String pickle = "}X\1\0\0\0w" + tensor("FloatStorage", claimed, offset, shape, strides) + "s.";
        Map<String, byte[]> entries = Map.of("a/data.pkl", bytes(pickle), "a/data/0", new byte[4 * held]);
        Path file = folder.resolve("bad.pt");
        Files.write(file, zipped(entries, ZipEntry.STORED));
        if (fault == null) {
            try (TorchFile read = TorchFile.open(file)) {
                assertThat(Tensors.shape(read.tensors().get("w"))).containsExactly(4, 4);
            }
        } else {
            assertRefused(file, fault);
            Files.write(file, zipped(entries, ZipEntry.DEFLATED));
            assertThatThrownBy(() -> {
                try (TorchFile read = TorchFile.open(file)) {
                    read.tensors();
                }
            }).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aGigabyteOfZerosIsNotUnpacked() throws IOException {
        String pickle = "}X\1\0\0\0w" + tensor("FloatStorage", 1 << 28, 0, "268435456", "1") + "s.";
        Path file = folder.resolve("bomb.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.setLevel(1);
            zip.putNextEntry(new ZipEntry("a/data.pkl"));
            zip.write(bytes(pickle));
            zip.closeEntry();
            zip.putNextEntry(new ZipEntry("a/data/0"));
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 1 << 10; i++) {
                zip.write(zeros);
            }
            zip.closeEntry();
        }
        assertThat(Files.size(file)).isLessThan(8 << 20);
        assertRefused(file, "compressed");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.setLevel(1);
            zip.putNextEntry(new ZipEntry("a/data.pkl"));
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 1 << 10; i++) {
                zip.write(zeros);
            }
            zip.closeEntry();
        }
        assertRefused(file, "at most");
    }

    @Test
    void nestingAndRepetitionDoNoHarm() throws IOException {
        Path file = folder.resolve("bad.pt");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("]".repeat(1_000_000) + "a".repeat(999_999) + ".")),
                ZipEntry.STORED));
        assertRefused(file, "no dictionary of tensors");
        // each list holds the one before it twice: 2^200 leaves
        Files.write(file,
                zipped(Map.of("a/data.pkl", bytes("}X\1\0\0\0a" + "]q\0" + "0(h\0h\0lq\0".repeat(200) + "s.")),
                        ZipEntry.STORED));
        assertRefused(file, "no dictionary of tensors");
        // a list inside itself
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("}X\1\0\0\0a]q\0h\0as.")), ZipEntry.STORED));
        assertRefused(file, "no dictionary of tensors");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("N".repeat(6_000_000) + ".")), ZipEntry.STORED));
        assertRefused(file, "more than 5000000 values");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("T\u00ff\u00ff\u00ff\u007fabc.")), ZipEntry.STORED));
        assertRefused(file, "of which 4 are there");
        // one value, kept under millions of names
        Files.write(file, zipped(Map.of("a/data.pkl", bytes("N" + "\u0094".repeat(6_000_000) + ".")), ZipEntry.STORED));
        assertRefused(file, "more than 5000000 values");
        // numbers whose reading takes the square of their length
        for (String number : new String[]{"L" + "9".repeat(10_000_000) + "\n", "I" + "9".repeat(10_000_000) + "\n",
            "\u008b\0\0\u0080\0" + "9".repeat(1 << 23)}) {
            Files.write(file, zipped(Map.of("a/data.pkl", bytes(number + ".")), ZipEntry.STORED));
            assertRefused(file, "broken");
        }
    }

    @Test
    void aDictionaryOfAnotherIsPreferredToTensorsBesideIt() throws IOException {
        String state = "}X\1\0\0\0w" + tensor("FloatStorage", 4, 0, "4", "1") + "s";
        String pickle = "}X\11\0\0\0best_acc1" + tensor("FloatStorage", 1, 0, "1", "1") + "sX\12\0\0\0state_dict"
                + state + "s.";
        Path file = folder.resolve("checkpoint.pt");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes(pickle), "a/data/0", new byte[16]), ZipEntry.STORED));
        try (TorchFile read = TorchFile.open(file)) {
            assertThat(read.tensors()).containsOnlyKeys("w");
        }
    }

    @Test
    void aStorageThatIsRepeatedWithoutEnd() throws IOException {
        StringBuilder pickle = new StringBuilder("}");
        for (int i = 0; i < 100; i++) {
            pickle.append("X\3\0\0\0").append(100 + i).append(tensor("FloatStorage", 1 << 20, 0, "1048576", "1"))
                    .append('s');
        }
        Path file = folder.resolve("bad.pt");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes(pickle + "."), "a/data/0", new byte[4 << 20]),
                ZipEntry.STORED));
        assertRefused(file, "tensor '120' is too large");
    }

    @Test
    void aTypeThatIsNotRead() throws IOException {
        Path file = folder.resolve("bad.pt");
        String pickle = "}X\3\0\0\0w\nv" + tensor("ComplexDoubleStorage", 1, 0, "1", "1") + "s.";
        Files.write(file, zipped(Map.of("a/data.pkl", bytes(pickle), "a/data/0", new byte[16]), ZipEntry.STORED));
        assertRefused(file, "a tensor of a type that is not read: torch.ComplexDoubleStorage");
        Files.write(file, zipped(Map.of("a/data.pkl", bytes(pickle.replace("ComplexDouble", "Float").replace(
                number(0) + numbers("1"), number(9) + numbers("1"))), "a/data/0", new byte[16]), ZipEntry.STORED));
        assertRefused(file, "tensor 'w?v' reaches outside");
    }

    private void assertRefused(Path file, String fault) {
        assertThatThrownBy(() -> {
            try (TorchFile read = TorchFile.open(file)) {
                read.tensors();
            }
        }).isInstanceOf(IOException.class).hasMessageStartingWith(file + ":").hasMessageContaining(fault)
                .hasMessageNotContaining("\n");
    }

    /** A tensor of storage 0. */
    private static String tensor(String storage, long elements, long offset, String shape, String strides) {
        return "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n" + storage + "\n" + "X\1\0\0\0"
                + "0X\3\0\0\0cpu" + number(elements) + "tQ" + number(offset) + numbers(shape) + numbers(strides)
                + "\u0089ccollections\nOrderedDict\n)RtR";
    }

    private static String number(long number) {
        StringBuilder text = new StringBuilder("\u008a\u0008");
        for (int i = 0; i < Long.BYTES; i++) {
            text.append((char) (number >>> 8 * i & 0xFF));
        }
        return text.toString();
    }

    private static String numbers(String list) {
        StringBuilder text = new StringBuilder("(");
        for (String number : list.split(",")) {
            text.append(number(Long.parseLong(number)));
        }
        return text.append('t').toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] zipped(Map<String, byte[]> entries, int method) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                ZipEntry header = new ZipEntry(entry.getKey());
                header.setMethod(method);
                if (method == ZipEntry.STORED) {
                    CRC32 crc = new CRC32();
                    crc.update(entry.getValue());
                    header.setSize(entry.getValue().length);
                    header.setCrc(crc.getValue());
                }
                zip.putNextEntry(header);
                zip.write(entry.getValue());
                zip.closeEntry();
            }
        }
        return out.toByteArray();
    }
}
