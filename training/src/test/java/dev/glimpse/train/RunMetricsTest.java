package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunMetricsTest {
    @TempDir
    Path folder;

    private RunMetrics read(String text) throws IOException {
        Path file = folder.resolve("metrics.csv");
        Files.writeString(file, text);
        return RunMetrics.read(file);
    }

    @Test
    void columnsAreReadByName() throws IOException {
        RunMetrics metrics = read("""
                epoch,train_loss,test_loss,test_accuracy,seconds
                1,0.5,0.6,0.25,8
                2,0.4,0.5,0.75,9
                3,0.3,NaN,0.75,1
                4,0.2,0.7,0.50,7
                """);
        assertThat(metrics.epochs()).isEqualTo(4);
        assertThat(metrics.measures()).containsExactly("loss", "accuracy");
        assertThat(metrics.column("train_loss")).containsExactly(0.5, 0.4, 0.3, 0.2);
        assertThat(metrics.column("test_loss")[2]).isNaN();
        assertThat(metrics.column("none")).isEmpty();
        assertThat(metrics.bestEpoch("accuracy")).as("the first of two").isEqualTo(2);
        assertThat(metrics.best("accuracy")).isEqualTo(0.75);
        assertThat(metrics.last("test_accuracy")).isEqualTo(0.5);
        assertThat(metrics.median("seconds")).isEqualTo(7.5);
        assertThat(metrics.median("test_loss")).as("of what was measured").isEqualTo(0.6);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            value = {"''|first line", "'<html>'|first line", "'epoch,a\n1,x'|line 2: 'x' is no number",
                "'epoch,a\n1,2\n2'|line 3 has 1 numbers for 2 columns",
                "'epoch,a\n1,2\n1,3'|line 3 is of epoch 1, expected 2",
                "'epoch,a\n1,'|line 2: '' is no number"})
    void damageIsOneLine(String text, String said) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(IOException.class).hasMessageContaining("metrics.csv: ")
                .hasMessageContaining(said);
    }

    @Test
    void bytesAreNoText() throws IOException {
        Path file = folder.resolve("metrics.csv");
        Files.write(file, new byte[]{(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> RunMetrics.read(file)).isInstanceOf(IOException.class)
                .hasMessageContaining("no text");
    }
}
