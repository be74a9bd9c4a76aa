package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The white-patch experiment at its smallest. */
class DemoIT {
    @TempDir
    private Path folder;

    @Test
    void fourNetworksAreTrainedAndReported() throws IOException {
        Launched demo =
                glimpse("demo", "--train", 20, "--test", 16, "--epochs", 1, "--seeds", 2, "--json", "--out", folder);
        assertThat(demo.exit()).as(demo.err()).isZero();
        JsonNode networks = new JsonMapper().readTree(demo.out()).path("networks");
        assertThat(networks.valueStream().map(n -> n.path("name").asString())).containsExactly("cnn", "mha",
                "conv1d-mha",
                "cbam");
        assertThat(networks.valueStream().map(n -> n.path("parameters").asInt())).containsExactly(53_857, 58_017,
                72_897,
                54_119);
        assertThat(networks.valueStream().map(n -> n.path("runs").size())).containsOnly(2);
        assertThat(Files.readString(folder.resolve("report.html"))).contains("CBAM", "<svg", "data:image/png");
    }

    @Test
    void anyFolderOfPicturesWillDo() throws IOException {
        Path pictures = SamplePictures.dataSet(folder.resolve("data"), 4, 1);
        Launched demo =
                glimpse("demo", "--networks", "cbam", "--images", pictures, "--train", 10, "--test", 10, "--epochs",
                        1, "--out", folder.resolve("out"));
        assertThat(demo.exit()).as(demo.err()).isZero();
        assertThat(demo.out()).contains("cbam", "54,119", "Report:");
    }

    @Test
    void wrongCallsAreOneLine() {
        assertThat(glimpse("demo", "--images", folder.resolve("none"), "--out", folder).errorLine()).contains("none");
        assertThat(glimpse("demo", "--stl10", folder, "--out", folder).errorLine()).contains(folder.toString());
        assertThat(glimpse("demo", "--train", 3, "--out", folder).errorLine()).contains("3 training");
        assertThat(glimpse("demo", "--quick", "--full").errorLine()).contains("--quick", "--full");
        assertThat(glimpse("demo", "--seeds", 0).errorLine()).contains("--seeds is 0");
        assertThat(glimpse("demo", "--networks", "vgg").errorLine()).contains("vgg");
    }
}
