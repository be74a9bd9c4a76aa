package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DataSourcesTest {
    @TempDir
    private Path folder;

    private static byte[] picture(int width) {
        return Pictures.encode("png", Pictures.gradient(width, 3));
    }

    private static byte[] tar(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                out.putArchiveEntry(entry);
                out.write(file.getValue());
                out.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] shard(int first, int count, String extension, String... labels) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = first; i < first + count; i++) {
            files.put("d/" + i + ".png", picture(i + 1));
            files.put("d/" + i + "." + extension, labels[i % labels.length].getBytes());
        }
        return tar(files);
    }

    private static byte[] idx(int[] shape, byte[] data) {
        ByteBuffer out = ByteBuffer.allocate(4 + 4 * shape.length + data.length).putInt(0x800 + shape.length);
        for (int size : shape) {
            out.putInt(size);
        }
        return out.put(data).array();
    }

    private static byte[] gzip(byte[] data) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(data);
        }
        return bytes.toByteArray();
    }

    private static byte[] counting(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    /** What a run remembers of its data leads there from any folder. */
    @Test
    void aNameIsMadeAbsolute() {
        String here = Path.of("").toAbsolutePath().toString();
        assertThat(DataSources.absolute("a/../data")).isEqualTo(here + "/data");
        assertThat(DataSources.absolute("train=a-{000..146}.tar,val=/b/*.tar"))
                .isEqualTo("train=" + here + "/a-{000..146}.tar,test=/b/*.tar");
    }

    @Test
    void foldersOfFolders() throws IOException {
        for (String name : List.of("train/cat/1.png", "train/dog/2.png", "val/dog/3.png")) {
            Pictures.write(folder, name, picture(4));
        }
        DataSources.Splits splits = DataSources.open(folder.toString());
        assertThat(splits.classes()).containsExactly("cat", "dog");
        assertThat(splits.test().label(0)).isEqualTo(1);
        assertThat(DataSources.openTest(folder.toString(), List.of("cat", "dog")).size()).isEqualTo(1);
        assertThat(DataSources.openTest(folder + "/train", List.of("cat", "dog")).size()).isEqualTo(2);
        assertThat(DataSources.open("train=" + folder + "/train,test=" + folder + "/val").test().size()).isOne();
    }

    @Test
    void tables() throws IOException {
        Pictures.write(folder, "train/a b.png", picture(4));
        Files.writeString(folder.resolve("train.csv"),
                "\ufefffile,label\r\n\"train/a b.png\",cat\r\n\r\nx.png,dog\r\n");
        Files.writeString(folder.resolve("val.csv"), "train/a b.png,dog\n");
        Files.delete(Files.move(folder.resolve("train"), folder.resolve("pictures")).resolve("a b.png"));
        Pictures.write(folder, "pictures/a b.png", picture(4));
        Files.writeString(folder.resolve("train.csv"),
                "\ufefffile,label\r\n\"pictures/a b.png\", cat\r\n\r\nx.png,dog\r\n");
        Files.writeString(folder.resolve("val.csv"), "\ufeff\"pictures/a b.png\",dog\n");
        DataSources.Splits splits = DataSources.open(folder.toString());
        assertThat(splits.classes()).containsExactly("cat", "dog");
        assertThat(splits.train().size()).isEqualTo(2);
        assertThat(splits.train().image(0).width()).isEqualTo(4);
        assertThat(splits.test().label(0)).isEqualTo(1);
        assertThat(splits.train().multiLabel()).isFalse();
        assertThatThrownBy(() -> splits.train().image(1)).isInstanceOf(IOException.class)
                .hasMessage(folder.resolve("x.png") + ": no such file");
    }

    @Test
    void tablesOfSeveralLabels() throws IOException {
        Path lists = Files.writeString(folder.resolve("lists.csv"),
                "file,split,labels\na.png,train,sky;tree\nb.png,train,\nc.png,test,tree\n");
        DataSources.Splits splits = DataSources.open(lists.toString());
        assertThat(splits.classes()).containsExactly("sky", "tree");
        assertThat(splits.train().multiLabel()).isTrue();
        assertThat(((Target.Labels) splits.train().target(0)).shares()).containsExactly(1, 1);
        assertThat(((Target.Labels) splits.train().target(1)).shares()).containsExactly(0, 0);
        assertThat(splits.train().label(1)).isEqualTo(-1);
        assertThat(((Target.Labels) splits.test().target(0)).shares()).containsExactly(0, 1);
        Path columns = Files.writeString(folder.resolve("columns.csv"), "file,tree,sky\na.png,0,1\nb.png,1,1.0\n");
        CsvImages images = CsvImages.open(columns, null);
        assertThat(images.classes()).containsExactly("tree", "sky");
        assertThat(((Target.Labels) images.target(0)).shares()).containsExactly(0, 1);
        assertThat(((Target.Labels) images.target(1)).shares()).containsExactly(1, 1);
        assertThatThrownBy(() -> CsvImages.open(columns, List.of("sky", "tree")))
                .hasMessage(columns + ": its classes are tree, sky; expected sky, tree");
    }

    @Test
    void numberedClassesAreInTheOrderOfNumbers() throws IOException {
        Path table = Files.writeString(folder.resolve("t.csv"), "a.png,10\nb.png,9\nc.png,2\n");
        CsvImages images = CsvImages.open(table, null);
        assertThat(images.classes()).containsExactly("2", "9", "10");
        assertThat(images.label(0)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"'' | no images in it", "file,label | no images in it",
        "a.png,x~b.png | line 2: 1 cells beside the split; expected 2",
        "a.png,x~b.png,\"y | after line 1: not a table", "a.png,x | only 1 classes [x]",
        "a.png,x,y | no row above that names the classes", "file,x,x | a class without a name, or one twice",
        "file,x,y~a.png,2,0 | for the class x; expected 0 or 1", "file,split,label~a.png,dev,x | the split 'dev'",
        "file,split,label~a.png,train,x~b.png,train,y | no images of the split test",
        "file,split,label~a.png | line 2: no cell for the split", "split,label~a.png,x | expected a file's path",
        "file~a.png | expected a file's path", "file,label~,x | no file's name"})
    void tablesThatAreWrong(String text, String message) throws IOException {
        Path table = Files.writeString(folder.resolve("t.csv"), text.replace('~', '\n'));
        assertThatThrownBy(() -> {
            if (CsvImages.openSplits(table, null) == null) {
                CsvImages.open(table, null);
            }
        }).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(table.toString())
                .hasMessageContaining(message).message().doesNotContain("\n");
    }

    /** A sign of Latin-1 near the beginning, and one far behind it, where rows have been read already. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5000})
    void aTableInLatin1IsNotUtf8(int rows) throws IOException {
        Path table = Files.writeString(folder.resolve("t.csv"), "a.png,x\n".repeat(rows) + "b.png,gr\u00fcn\n",
                StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> CsvImages.open(table, null)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(table.toString()).hasMessageEndingWith(": not text in UTF-8");
    }

    @Test
    void tablesThatAreNoText() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        Path table = folder.resolve("t.csv");
        for (int i = 0; i < 300; i++) {
            byte[] bytes = "file,split,label\na.png,train,x\nb.png,test,\"y;z\"\n".getBytes();
            for (int changes = random.nextInt(1, 5); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(table, bytes);
            try {
                CsvImages images = CsvImages.open(table, null);
                images.image(0);
            } catch (IOException | IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
            }
        }
    }

    @Test
    void archives() throws IOException {
        Files.write(folder.resolve("train-000.tar"), shard(0, 3, "cls", "0", "1", "2"));
        Files.write(folder.resolve("train-001.tar"), shard(3, 4, "cls", "0", "1", "2"));
        Files.write(folder.resolve("val.tar"), shard(7, 1, "cls", "\ufeff1"));
        DataSources.Splits splits = DataSources.open(folder.toString());
        assertThat(splits.classes()).containsExactly("0", "1", "2");
        assertThat(splits.train().size()).isEqualTo(7);
        for (int i = 6; i >= 0; i--) {
            assertThat(splits.train().image(i).width()).isEqualTo(i + 1);
            assertThat(splits.train().label(i)).isEqualTo(i % 3);
        }
        assertThat(splits.train().name(5)).isEqualTo(folder.resolve("train-001.tar") + ":d/5.png");
        try (Picture picture = new Picture()) {
            splits.train().load(4, picture);
            assertThat(picture.width()).isEqualTo(5);
        }
        Files.writeString(folder.resolve("classes.txt"), "\ufeffcat\ndog\ncow\n");
        DataSources.Splits named =
                DataSources.open("train=" + folder + "/train-{000..001}.tar,test=" + folder + "/v*.tar");
        assertThat(named.classes()).containsExactly("cat", "dog", "cow");
        assertThat(named.train().size()).isEqualTo(7);
        assertThat(named.test().label(0)).isEqualTo(1);
        assertThat(DataSources.openTest(folder + "/train-*.tar", named.classes()).size()).isEqualTo(7);
    }

    @Test
    void archivesWithJson() throws IOException {
        Files.write(folder.resolve("a.tar"),
                shard(0, 4, "json", "\ufeff{\"label\": \"dog\"}", "{\"x\": 1, \"cls\": \"cat\"}"));
        TarShards one = TarShards.open(List.of(folder.resolve("a.tar")), null);
        assertThat(one.classes()).containsExactly("cat", "dog");
        assertThat(one.label(0)).isEqualTo(1);
        Files.write(folder.resolve("b.tar"), shard(0, 4, "json", "[\"dog\", \"cat\"]", "{\"labels\": []}"));
        TarShards several = TarShards.open(List.of(folder.resolve("b.tar")), null);
        assertThat(several.multiLabel()).isTrue();
        assertThat(((Target.Labels) several.target(0)).shares()).containsExactly(1, 1);
        assertThat(((Target.Labels) several.target(1)).shares()).containsExactly(0, 0);
    }

    @Test
    void anArchiveThatChangesIsSkippedNotMisread() throws IOException {
        Path file = folder.resolve("a.tar");
        byte[] bytes = shard(0, 4, "cls", "0", "1");
        Files.write(file, bytes);
        TarShards images = TarShards.open(List.of(file), null);
        Files.write(file, Arrays.copyOf(bytes, 2000));
        assertThatThrownBy(() -> images.image(3)).isInstanceOf(IOException.class)
                .hasMessage(file + ": has changed since it was opened");
        Files.delete(file);
        assertThatThrownBy(() -> images.image(0)).isInstanceOf(IOException.class).hasMessageStartingWith(file + ": ");
    }

    @Test
    void archivesThatAreWrong() throws IOException {
        Path file = folder.resolve("a.tar");
        assertThatThrownBy(() -> TarShards.open(List.of(file), null)).hasMessage(file + ": no such file");
        Files.write(file, tar(Map.of("1.png", picture(3))));
        assertThatThrownBy(() -> TarShards.open(List.of(file), null))
                .hasMessage(file + ": 1.png has no label; expected 1.cls or .json beside it");
        Files.write(file, tar(Map.of("1.txt", picture(3))));
        assertThatThrownBy(() -> TarShards.open(List.of(file), null))
                .hasMessageStartingWith(file + ": no images in it");
        Files.write(file, shard(0, 2, "json", "{\"label\": 1.5}"));
        assertThatThrownBy(() -> TarShards.open(List.of(file), null)).hasMessageContaining("neither a name");
        Files.write(file, shard(0, 2, "json", "{{"));
        assertThatThrownBy(() -> TarShards.open(List.of(file), null)).hasMessage(file + ": d/0.json: not JSON");
        Files.write(file, shard(0, 2, "cls", "999999999"));
        assertThatThrownBy(() -> TarShards.open(List.of(file), null)).hasMessageContaining("label 999999999");
        Files.write(file, shard(0, 2, "cls", "0", "1"));
        assertThatThrownBy(() -> TarShards.open(List.of(file), List.of("a"))).hasMessageContaining("the class '1'");
    }

    @Test
    void damagedArchives() throws IOException {
        byte[] sound = shard(0, 4, "cls", "0", "1");
        SplittableRandom random = new SplittableRandom(5);
        Path file = folder.resolve("a.tar");
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            byte[] bytes = i % 3 == 0 ? Arrays.copyOf(sound, random.nextInt(sound.length)) : sound.clone();
            for (int changes = random.nextInt(0, 6); changes > 0 && bytes.length > 0; changes--) {
                bytes[random.nextInt(random.nextBoolean() ? Math.min(512, bytes.length) : bytes.length)] =
                        (byte) random.nextInt();
            }
            Files.write(file, bytes);
            try {
                TarShards images = TarShards.open(List.of(file), null);
                for (int k = 0; k < images.size(); k++) {
                    images.image(k);
                }
            } catch (IOException | IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith(file.toString()).doesNotContain("\n");
                refused++;
            }
        }
        assertThat(refused).isBetween(50, 499);
    }

    @Test
    void rangesOfArchives() throws IOException {
        assertThat(DataSources.shards("a-{08..11}-{0..1}.tar")).hasSize(8).startsWith(Path.of("a-08-0.tar"))
                .endsWith(Path.of("a-11-1.tar"));
        assertThatThrownBy(() -> DataSources.shards("a-{3..1}.tar")).hasMessageContaining("goes backwards");
        assertThatThrownBy(() -> DataSources.shards("a-{0..999999999}.tar")).hasMessageContaining("100000 archives");
        assertThatThrownBy(() -> DataSources.shards(folder + "/x*.tar")).hasMessageEndingWith("no such archives");
        assertThatThrownBy(() -> DataSources.shards(folder + "/x[.tar")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void idxFiles() throws IOException {
        byte[] pixels = counting(3 * 4 * 5);
        Files.write(folder.resolve("train-images-idx3-ubyte"), idx(new int[]{3, 4, 5}, pixels));
        Files.write(folder.resolve("train-labels-idx1-ubyte.gz"), gzip(idx(new int[]{3}, new byte[]{0, 2, 1})));
        Files.write(folder.resolve("t10k-images-idx3-ubyte.gz"), gzip(idx(new int[]{1, 4, 5}, counting(20))));
        Files.write(folder.resolve("t10k-labels-idx1-ubyte"), idx(new int[]{1}, new byte[]{1}));
        DataSources.Splits splits = DataSources.open(folder.toString());
        assertThat(splits.classes()).containsExactly("0", "1", "2");
        assertThat(splits.train().label(1)).isEqualTo(2);
        Image second = splits.train().image(1);
        assertThat(List.of(second.width(), second.height())).containsExactly(5, 4);
        assertThat(second.rgb()).startsWith(20, 20, 20, 21, 21, 21);
        assertThat(splits.test().size()).isOne();
        Files.writeString(folder.resolve("classes.txt"), "zero\none\ntwo\n");
        assertThat(DataSources.open(folder.toString()).classes()).containsExactly("zero", "one", "two");
        assertThat(DataSources.openTest(folder.toString(), List.of("zero", "one", "two")).size()).isOne();
    }

    @Test
    void idxFilesThatAreWrong() throws IOException {
        Path images = folder.resolve("train-images-idx3-ubyte");
        Path labels = folder.resolve("train-labels-idx1-ubyte");
        Files.write(labels, idx(new int[]{3}, new byte[]{0, 2, 1}));
        assertIdx(images, labels, new byte[2], "truncated");
        assertIdx(images, labels, new byte[16], "not a file of images in the IDX format");
        assertIdx(images, labels, idx(new int[]{3, 4, 5}, new byte[59]), "truncated");
        assertIdx(images, labels, idx(new int[]{3, 4, 5}, new byte[61]), "more bytes");
        assertIdx(images, labels, idx(new int[]{2, 4, 5}, new byte[40]), "3 labels for 2 images");
        assertIdx(images, labels, idx(new int[]{3, -4, 5}, new byte[40]), "a dimension of -4");
        assertIdx(images, labels, idx(new int[]{3, 16384, 16384}, new byte[40]), "16384x16384 pixels");
        Files.write(labels, idx(new int[]{Integer.MAX_VALUE}, new byte[3]));
        assertIdx(images, labels, idx(new int[]{Integer.MAX_VALUE, 4000, 4000}, new byte[3]), "truncated");
        Files.write(labels.resolveSibling("train-labels-idx1-ubyte.gz"), new byte[7]);
        Files.delete(labels);
        assertIdx(images, labels.resolveSibling("train-labels-idx1-ubyte.gz"), new byte[0], "gzip");
    }

    /** Cut in the middle of the pixels, and where all bytes are there but not the end of the compressed stream. */
    @Test
    void aCompressedIdxFileThatWasCutIsNamed() throws IOException {
        Path labels = Files.write(folder.resolve("train-labels-idx1-ubyte"), idx(new int[]{1}, new byte[]{0}));
        Path images = folder.resolve("train-images-idx3-ubyte.gz");
        byte[] pixels = new byte[40 * 50];
        new Random(1).nextBytes(pixels);
        byte[] whole = gzip(idx(new int[]{1, 40, 50}, pixels));
        for (int missing : new int[]{whole.length / 2, 4}) {
            assertIdx(images, labels, Arrays.copyOf(whole, whole.length - missing), images + ": the file is truncated");
        }
        byte[] many = new byte[2000];
        new Random(2).nextBytes(many);
        byte[] names = gzip(idx(new int[]{2000}, many));
        Path cut = Files.write(folder.resolve("train-labels-idx1-ubyte.gz"), Arrays.copyOf(names, names.length / 2));
        assertIdx(images, cut, gzip(idx(new int[]{2000, 1, 1}, many)), cut + ": the file is truncated");
    }

    private static void assertIdx(Path images, Path labels, byte[] bytes, String message) throws IOException {
        Files.write(images, bytes);
        assertThatThrownBy(() -> Idx.open(images, labels, null)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message).message().doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cifar(boolean hundred) throws IOException {
        int record = (hundred ? 2 : 1) + 3072;
        byte[] bytes = new byte[2 * record];
        bytes[record + record - 3072 - 1] = 7; // the second image's label, behind a coarse one of 100
        bytes[2 * record - 1] = 99; // its last blue
        bytes[2 * record - 3072] = 11; // its first red
        List<String> files = hundred ? List.of("train.bin", "test.bin")
                : List.of("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                        "data_batch_5.bin", "test_batch.bin");
        for (String file : files) {
            Files.write(folder.resolve(file), bytes);
        }
        DataSources.Splits splits = DataSources.open(folder.toString());
        assertThat(splits.train().size()).isEqualTo(hundred ? 2 : 10);
        assertThat(splits.test().size()).isEqualTo(2);
        assertThat(splits.classes()).hasSize(hundred ? 100 : 10);
        int last = splits.train().size() - 1;
        assertThat(splits.train().label(last)).isEqualTo(7);
        assertThat(splits.train().label(last - 1)).isZero();
        byte[] rgb = splits.train().image(last).rgb();
        assertThat(rgb[0]).isEqualTo((byte) 11);
        assertThat(rgb[3071]).isEqualTo((byte) 99);
        assertThat(splits.train().name(last)).endsWith((hundred ? "train.bin" : "data_batch_5.bin") + "[1]");
        Files.write(folder.resolve(files.getFirst()), Arrays.copyOf(bytes, record));
        if (hundred) {
            assertThatThrownBy(() -> splits.train().image(1)).isInstanceOf(IOException.class)
                    .hasMessageEndingWith("has changed since it was opened");
        }
        Files.write(folder.resolve(files.getFirst()), new byte[record + 1]);
        assertThatThrownBy(() -> DataSources.open(folder.toString())).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a whole number of images");
        bytes[0] = 120;
        bytes[1] = 120;
        Files.write(folder.resolve(files.getFirst()), bytes);
        assertThatThrownBy(() -> DataSources.open(folder.toString())).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("label 120 of image 0");
        Files.delete(folder.resolve(files.getLast()));
        if (!hundred) {
            bytes[0] = 0;
            bytes[1] = 0;
            Files.write(folder.resolve(files.getFirst()), bytes);
            assertThatThrownBy(() -> DataSources.open(folder.toString())).hasMessageContaining("no such file");
        }
    }

    @Test
    void whatIsNoDataSetIsSaidSo() throws IOException {
        assertRefused(folder + "/none", "no such folder; expected train and test");
        assertRefused(folder.toString(), "expected in it train and test");
        Files.writeString(folder.resolve("train.csv"), "a.png,x\nb.png,y\n");
        assertRefused(folder.toString(), "training images alone");
        assertRefused(folder + "/train.csv", "no column split in it; give train=");
        assertRefused(folder + "/x.tar", "archives of one split; give train=");
        assertRefused("a\0b", "not a file's name");
        Files.writeString(folder.resolve("test.csv"), "a.png,z\n");
        assertRefused(folder.toString(), "the class 'z' is not one of the classes: x, y");
        Files.writeString(folder.resolve("test.csv"), "a.png,x;y\n");
        assertRefused(folder.toString(), "labelled in another way");
    }

    private static void assertRefused(String data, String message) {
        assertThatThrownBy(() -> DataSources.open(data)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message).message().doesNotContain("\n");
    }

    @Test
    void realDigits() throws IOException {
        Path data = Path.of(System.getProperty("glimpse.root"), "../shared/data/mnist");
        assumeTrue(Files.isDirectory(data), () -> "no real digits in " + data);
        DataSources.Splits splits = DataSources.open(data.toString());
        assertThat(splits.train().size()).isEqualTo(20_000);
        assertThat(splits.test().size()).isEqualTo(4_000);
        assertThat(splits.classes()).hasSize(10);
        assertThat(ChannelStatistics.of(splits.train()).mean()[0]).isBetween(0.12f, 0.14f);
    }
}
