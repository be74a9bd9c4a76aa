package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From a folder of images and masks to predicted masks. */
class SegmentationIT {
    private static final int WIDTH = 56;
    private static final int HEIGHT = 44;

    @TempDir
    static Path folder;

    private static Path data;
    private static Path run;
    private static Launched training;

    @BeforeAll
    static void trainOnce() throws IOException {
        data = folder.resolve("data");
        Random random = new Random(1);
        for (int i = 0; i < 48; i++) {
            shapes(random, data.resolve(i < 40 ? "train" : "val"), i);
        }
        Files.writeString(data.resolve("classes.csv"), "name,value\nground,0\ndisc,120\nsquare,255\n");
        Files.write(data.resolve("train/masks/3.png"), new byte[]{1, 2, 3});
        run = folder.resolve("run");
        training = train(run, "--epochs", 18, "--deform", "part");
    }

    /** A disc and a square in colours of their own on dark noise. */
    private static void shapes(Random random, Path split, int number) throws IOException {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        BufferedImage mask = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D on = image.createGraphics();
        int side = 12 + random.nextInt(6);
        int discX = random.nextInt(WIDTH / 2 - side);
        int squareX = WIDTH / 2 + random.nextInt(WIDTH / 2 - side);
        int discY = random.nextInt(HEIGHT - side);
        int squareY = random.nextInt(HEIGHT - side);
        on.setColor(new Color(180, 160, 90));
        on.fillOval(discX, discY, side, side);
        on.setColor(new Color(90, 160, 180));
        on.fillRect(squareX, squareY, side, side);
        on.dispose();
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                boolean shape = image.getRGB(x, y) != Color.BLACK.getRGB();
                mask.getRaster().setSample(x, y, 0, !shape ? 0 : x < WIDTH / 2 ? 120 : 255);
                Color colour = new Color(image.getRGB(x, y));
                image.setRGB(x, y, new Color(colour.getRed() + random.nextInt(60), colour.getGreen()
                        + random.nextInt(60), colour.getBlue() + random.nextInt(60)).getRGB());
            }
        }
        write(image, split.resolve("images/" + number + ".png"));
        write(mask, split.resolve("masks/" + number + ".png"));
    }

    private static void write(BufferedImage image, Path file) throws IOException {
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
    }

    private static Launched train(Path out, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", data, "--task", "segmentation", "--model",
                "unet:width=8,depth=2", "--attention", "cbam:reduction=4", "--size", 32, "--batch", 8, "--lr", 0.01,
                "--precision", "fp32", "--layout", "nchw", "--out", out));
        args.addAll(List.of(more));
        return glimpse(args.toArray());
    }

    @Test
    void aSmallNetworkLearnsShapes() throws IOException {
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).startsWith("Best test mean_iou");
        assertThat(training.err()).contains("unet with cbam:reduction=4", "40 training and 8 test images of 3 classes",
                "epoch 18/18", "mean iou", "1 image was skipped", "3.png");
        assertThat(Files.readAllLines(run.resolve("metrics.csv")).getFirst())
                .startsWith("epoch,train_loss,train_pixel_accuracy,train_mean_iou,train_mean_dice,test_loss,");
        JsonNode config = new JsonMapper().readTree(Files.readString(run.resolve("config.json")));
        assertThat(config.path("task").path("kind").asString()).isEqualTo("SEGMENTATION");
        assertThat(config.path("args").path("width").asInt()).isEqualTo(8);
        Launched eval = glimpse("eval", run, data, "--json", "--out", folder.resolve("sheet"));
        assertThat(eval.exit()).as(eval.err()).isZero();
        JsonNode json = new JsonMapper().readTree(eval.out());
        assertThat(json.path("images").asInt()).isEqualTo(8);
        assertThat(json.path("mean_iou").asDouble()).isGreaterThan(0.8);
        assertThat(json.path("classes").path("disc").path("iou").asDouble()).isGreaterThan(0.6);
        assertThat(ImageIO.read(folder.resolve("sheet/contact-sheet.png").toFile()).getWidth()).isGreaterThan(700);
        assertThat(glimpse("eval", run, data).out()).contains("disc", "mean", "pixel accuracy");
    }

    /** Testing within the training and afterwards, one image at a time, comes to the same. */
    @Test
    void theBestTestIsWhatIsMeasuredAfterwards() throws IOException {
        List<String> csv = Files.readAllLines(run.resolve("metrics.csv"));
        int column = List.of(csv.getFirst().split(",")).indexOf("test_mean_iou");
        double best = csv.stream().skip(1).mapToDouble(line -> Double.parseDouble(line.split(",")[column])).max()
                .orElseThrow();
        JsonNode json = new JsonMapper().readTree(glimpse("eval", run, data.resolve("val"), "--json").out());
        assertThat(json.path("mean_iou").asDouble()).isCloseTo(best, within(1e-4));
    }

    @Test
    void masksAndOverlaysAreWritten() throws IOException {
        Path picture = data.resolve("val/images/41.png");
        Path out = folder.resolve("predicted");
        Launched predict = glimpse("predict", run, picture, picture, "--out", out, "--json");
        assertThat(predict.exit()).as(predict.err()).isZero();
        JsonNode image = new JsonMapper().readTree(predict.out()).path("images").get(0);
        assertThat(image.path("shares").path("ground").asDouble()).isBetween(0.5, 0.95);
        BufferedImage mask = ImageIO.read(Path.of(image.path("mask").asString()).toFile());
        BufferedImage truth = ImageIO.read(data.resolve("val/masks/41.png").toFile());
        int right = 0;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int[] levels = {0, 120, 255};
                right += levels[mask.getRaster().getSample(x, y, 0)] == truth.getRaster().getSample(x, y, 0) ? 1 : 0;
            }
        }
        assertThat(right).isGreaterThan(WIDTH * HEIGHT * 9 / 10);
        assertThat(out).isDirectoryContaining("glob:**/41-2-overlay.png")
                .isDirectoryContaining("glob:**/contact-sheet.png");
        Launched unread = glimpse("predict", run, data.resolve("classes.csv"), "--out", out);
        assertThat(unread.exit()).isEqualTo(1);
        assertThat(unread.errorLine()).contains("classes.csv");
    }

    /** Killed in the second epoch and resumed, it ends with the weights of a run that was never killed. */
    @Test
    void aKilledRunGoesOnWithTheSameBits() throws IOException, InterruptedException {
        Path whole = folder.resolve("whole");
        Path killed = folder.resolve("killed");
        assertThat(train(whole, "--epochs", 3, "--loss", "0.5*focal:gamma=2+dice", "--deform", "microscope").exit())
                .isZero();
        Process process = Launched.start(Map.of(), folder.resolve("out"), folder.resolve("err"), "train", data,
                "--task",
                "segmentation", "--model", "unet:width=8,depth=2", "--attention", "cbam:reduction=4", "--size", 32,
                "--batch", 8, "--lr", 0.01, "--deform", "microscope", "--loss", "0.5*focal:gamma=2+dice", "--precision",
                "fp32", "--layout", "nchw", "--epochs", 3, "--checkpoint-steps", 1, "--out", killed);
        while (!Files.exists(killed.resolve("metrics.csv"))) {
            assertThat(process.waitFor(20, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
        }
        process.destroyForcibly().waitFor();
        Launched resumed = glimpse("train", "--resume", killed);
        assertThat(resumed.exit()).as(resumed.err()).isZero();
        assertThat(killed.resolve("last.safetensors")).hasSameBinaryContentAs(whole.resolve("last.safetensors"));
    }

    @Test
    void slipsAreToldInOneLine() {
        Path out = folder.resolve("never");
        refused("'resnet18' gives no scores to pixels; take --model unet", "--task", "segmentation", "--model",
                "resnet18");
        refused("none is called 'dize'; known: ce, bce", "--task", "segmentation", "--loss", "ce+dize");
        refused("--deform is 'wild'; known: usual, part, microscope", "--task", "segmentation", "--deform", "wild");
        refused("is for segmentation or several labels", "--loss", "dice");
        Launched explained = glimpse("explain", run, data.resolve("val/images/40.png"));
        assertThat(explained.exit()).isEqualTo(2);
        assertThat(explained.errorLine()).contains("glimpse predict draws which pixels are what");
        assertThat(out).doesNotExist();
    }

    private static void refused(String reason, Object... args) {
        List<Object> all = new ArrayList<>(List.of("train", data, "--out", folder.resolve("never")));
        all.addAll(List.of(args));
        Launched result = glimpse(all.toArray());
        assertThat(result.exit()).as(result.err()).isEqualTo(2);
        assertThat(result.errorLine()).contains(reason);
    }
}
