package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's table of attention modules is the one that the program prints. */
class ReadmeTest {
    private static final String BEGIN = "<!-- ./glimpse list attention --markdown -->\n";
    private static final String END = "<!-- end -->\n";

    @Test
    void theTableIsNotStale() throws IOException {
        Libtorch.load();
        String readme = Files.readString(Path.of("../README.md"));
        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END, begin);
        assertThat(begin).isPositive().isLessThan(end);
        assertThat(readme.substring(begin + BEGIN.length(), end))
                .as("replace the README's table by what ./glimpse list attention --markdown prints")
                .isEqualTo(AttentionTable.markdown());
    }
}
