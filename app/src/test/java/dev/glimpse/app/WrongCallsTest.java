package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.StateDict;
import dev.glimpse.io.TorchFile;
import dev.glimpse.model.Networks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be typed wrong: one line that says what and what to do, exit status 2, and nothing is written. */
class WrongCallsTest {
    @TempDir
    static Path folder;

    private static Path data;
    private static Path weights;

    @BeforeAll
    static void makeOnce() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 4, 2);
        weights = folder.resolve("resnet18.pth");
        TorchFile.write(weights, StateDict.of(Networks.create("resnet18", Map.of("attention", "none"))));
    }

    private static void refused(List<Object> args, String said) {
        Called call = Called.glimpse(args.toArray());
        assertThat(call.exit()).as(call.err()).isEqualTo(2);
        assertThat(call.err()).startsWith("glimpse: ").hasLineCount(1).contains(said).doesNotContain("Error:");
        assertThat(call.out()).isEmpty();
    }

    private static List<Object> words(String text) {
        return new ArrayList<>(Arrays.asList((Object[]) text.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"--model resnet19 | resnet18", "--model captoin | systems: caption, racnn",
        "--attention cbum | cbam-plain",
        "--attention cbam:reduction=0 | reduction is 0", "--attention cbam:reduction=x | 'x'",
        "--attention cbam:reduction=100 | 64 channels", "--attention cbam:redcution=8 | reduction",
        "--attention mha2d:heads=7 | heads=7", "--attention cbam-plain:kernel=4 | 4", "--attention mha | mha2d",
        "--attention cbam:pools=avg+median | median", "--attention cbam: | key=value", "--stem small | cifar",
        "--epochs 0 | epochs is 0", "--batch -1 | batch is -1", "--lr 0 | learning rate is 0", "--lr NaN | NaN",
        "--workers 0 | workers is 0", "--size 0 | 0", "--optimizer lamb | lamb",
        "--optimizer sgd:momentum=1 | 1.0", "--optimizer adam:momentum=0.9 | no argument 'momentum'",
        "--accumulate 0 | accumulate is 0", "--label-smoothing 1 | 1.0", "--ema -1 | -1.0", "--clip-norm -1 | -1.0",
        "--warmup 10 | 10.0 epochs", "--freeze layer9 | layer9' matches no parameter",
        "--freeze * | leaves no parameter",
        "--class-weights 1,2 | 2 numbers for 3 classes", "--class-weights even | even", "--precision fp8 | fp8",
        "--checkpoint-every -1 | -1.0", "--schedule cosinus | one-cycle"})
    void train(String args, String said) {
        Path out = folder.resolve("never");
        List<Object> all = words("train");
        all.addAll(List.of(data, "--out", out));
        if (!args.contains("--stem")) {
            all.addAll(List.of("--stem", "cifar"));
        }
        all.addAll(words(args));
        refused(all, said);
        assertThat(out).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "attention | --name is missing",
        "attention --name cbma | no attention is called 'cbma'",
        "attention --name ca_map | takes more than one map",
        "attention --name cbam --shape 3x4 | --shape is '3x4', not BxCxHxW",
        "attention --name cbam --shape 99999x99999x999x999 | GiB",
        "attention --name cbam --dtype fp8 | --dtype",
        "attention --name cbam --layout chwn | --layout",
        "attention --name cbam --pass backward | --pass",
        "attention --name cbam --seconds 0 | --seconds is 0.0",
        "attention --name cbam --out x | --out is for --all",
        "attention --name cbam:reduction=0 --shape 1x64x8x8 | reduction is 0",
        "attention --name bam --shape 1x64x8x8 --pass train | batch norm",
        "attention --all --name ra | nothing of the grid",
        "network --model lenet | no network is called 'lenet'",
        "network --attention cbma | no attention is called 'cbma'",
        "network --input 3x32 | --input is '3x32'",
        "network --batch 0 | --batch is 0",
        "network --model unet --pass train | no classifier",
        "memory | --name",
        "memory --name cc --processes 0 | --processes is 0",
        "memory --name bam --shape 1x64x8x8 | batch norm",
        "loader --size 0 | --size is 0", "loader --quality 0 | --quality 0", "loader --workers 0 | --workers is 0",
        "loader /nowhere | /nowhere: no such folder", "loader --crop no | --crop",
        "attentoin | no command is called 'attentoin'"})
    void bench(String args, String said) {
        refused(words("bench " + args), said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            cbma                | no attention and no network is called 'cbma'
            cbam:kernel=3       | has no argument 'kernel'
            cbam --size 56      | --size is '56', not HxW
            cbam --channels 0   | --channels is 0
            cbam --channels 8   | give a reduction of at most 8
            cbam --batch 0      | --batch is 0
            se --size 99999x99999      | GiB of memory
            mha --size 900x900         | GiB of memory
            ca_weight --size 9999x9999 --channels 8 | GiB of memory
            resnet18 --input 3x99999x99999 | GiB of memory
            cbam --input 3x8x8  | --input is for a network
            resnet18 --size 8x8 | --size is for a module
            resnet18 --input 8  | --input is '8', not CxHxW
            """)
    void profile(String args, String said) {
        refused(words("profile " + args), said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --model resnet34              | missing: layer1.2.bn1.bias
            --model vgg11 --lenient       | none of these 122 tensors fits vgg11
            --model resnet19              | no network is called 'resnet19'
            --model resnet18 --classes 0  | classes is 0
            --model white-patch --classes 2 | white-patch has no argument 'classes'
            --model resnet18 --place layer9 | place is set, but no attention
            --classes 5                   | Missing required argument(s): --model
            --from tensorflow             | 'tensorflow'
            """)
    void convert(String args, String said) {
        Path out = folder.resolve("never.pth");
        refused(Stream.concat(Stream.of("convert", weights, out), words(args).stream()).toList(), said);
        assertThat(out).doesNotExist();
    }
}
