package dev.glimpse.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8Test {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"\ufeffcat,cat", "cat,cat", "'',''", "\ufeff,''", "\ufeff\ufeffcat,\ufeffcat", "c\ufeffat,c\ufeffat"})
    void theMarkBeforeATextIsDropped(String text, String expected) throws IOException {
        assertThat(Utf8.unmarked(text)).isEqualTo(expected);
        assertThat(Utf8.unmarked(new BufferedReader(new StringReader(text))).readAllAsString()).isEqualTo(expected);
        Path file = Files.writeString(folder.resolve("a.txt"), text + "\r\ndog");
        assertThat(Utf8.lines(file)).containsExactly(expected, "dog");
    }

    @Test
    void whatIsNotUtf8IsAnError() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), "gr\u00fcn", StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> Utf8.lines(file)).isInstanceOf(CharacterCodingException.class);
    }
}
