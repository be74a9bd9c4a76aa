package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The tables of modules and networks are those that the program prints. */
class ReadmeTest {
    private static final String END = "<!-- end -->\n";

    @Test
    void theModulesAreNotStale() throws IOException {
        Libtorch.load();
        requireSame(Path.of("../README.md"), "./glimpse list attention --markdown", AttentionTable.markdown());
    }

    @Test
    void theNetworksAreNotStale() throws IOException {
        requireSame(Path.of("../docs/networks/README.md"), "./glimpse list models --markdown", NetworkTable.markdown());
    }

    @Test
    void theSystemsAreNotStale() throws IOException {
        requireSame(Path.of("../docs/systems/README.md"), "./glimpse list systems --markdown", SystemTable.markdown());
    }

    private static void requireSame(Path page, String command, String table) throws IOException {
        String text = Files.readString(page);
        String begin = "<!-- " + command + " -->\n";
        int from = text.indexOf(begin);
        int to = text.indexOf(END, from);
        assertThat(from).isPositive().isLessThan(to);
        assertThat(text.substring(from + begin.length(), to)).as("replace the table of " + page + " by what " + command
                + " prints").isEqualTo(table);
    }
}
