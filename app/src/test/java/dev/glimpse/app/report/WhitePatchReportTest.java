package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.glimpse.data.Image;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Epoch;
import dev.glimpse.train.WhitePatchResult.Example;
import dev.glimpse.train.WhitePatchResult.Network;
import dev.glimpse.train.WhitePatchResult.Pointing;
import dev.glimpse.train.WhitePatchResult.Run;
import dev.glimpse.train.WhitePatchResult.Setup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WhitePatchReportTest {
    private static final double NAN = Double.NaN;

    @TempDir
    Path folder;

    @Test
    void showsEveryNetworkItsCurvesAndItsExamples() throws Exception {
        WhitePatchResult result = WhitePatchFixture.result(3, 50);
        Path file = folder.resolve("report.html");
        WhitePatchReport.write(result, file);
        String html = Files.readString(file);
        Files.copy(file, Path.of("target/white-patch-report.html"), StandardCopyOption.REPLACE_EXISTING);
        for (Network network : result.networks()) {
            assertThat(html).contains("<h3><span class=\"dot\" style=\"background:var(--series-")
                    .contains(network.title())
                    .contains(Numbers.count(network.parameters()))
                    .contains(Numbers.scientific(network.articleTrainLoss()))
                    .contains(Numbers.scientific(network.articleTestLoss()));
        }
        assertThat(count(html, "<figure")).isEqualTo(24);
        assertThat(count(html, "src=\"data:image/png;base64,")).isEqualTo(48);
        List<String> drawings = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(html).results()
                .map(MatchResult::group).toList();
        assertThat(drawings).hasSize(4 + 2 * 7);
        for (String drawing : drawings) {
            LineChartTest.parsed(drawing);
        }
    }

    @Test
    void loadsNothing() throws IOException {
        String html = WhitePatchReport.html(WhitePatchFixture.result(1, 3));
        Files.writeString(Path.of("target/white-patch-report-1-seed.html"), html);
        assertThat(html.replace("xmlns=\"http://www.w3.org/2000/svg\"", ""))
                .doesNotContain("http:", "https:", "@import")
                .doesNotContain("<script", "url(", "src=\"/", "href=\"/").contains("default-src 'none'");
    }

    @Test
    void saysWhatOneSeedAndWhatSeveralCanShow() {
        assertThat(WhitePatchReport.html(WhitePatchFixture.result(1, 3))).contains("From one seed")
                .doesNotContain("&plusmn;", "Thin lines");
        assertThat(WhitePatchReport.html(WhitePatchFixture.result(3, 3))).contains("Means over 3 seeds", "&plusmn;",
                "Thin lines");
    }

    @Test
    void marksWrongAnswers() {
        String html = WhitePatchReport.html(of("net", example(4, 0.9), example(-1, 0.9), example(4, 0.1),
                example(-1, 0.1), example(-1, NAN)));
        assertThat(count(html, "<figure class=\"wrong\">")).isEqualTo(3);
        assertThat(count(html, "class=\"frame\"")).as("an image with a patch has two frames").isEqualTo(4);
    }

    @Test
    void escapesAllText() throws Exception {
        String html = WhitePatchReport.html(of("<script>alert('&')</script>", example(4, 0.9)));
        assertThat(html).doesNotContain("<script").contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;");
        String body = html.substring(html.indexOf("<main>"), html.indexOf("</main>") + "</main>".length());
        LineChartTest.parsed(body.replaceAll("(<img[^>]*)>", "$1/>").replace("<br>", "<br/>")
                .replaceAll("&(times|middot|rsquo|plusmn);", "?"));
    }

    @Test
    void survivesARunThatWentWrong() {
        Setup setup = new Setup("", 96, 16, 0, 0, 0, 1, NAN, Schedule.Kind.COSINE, List.of());
        Run diverged = new Run(1, NAN, List.of(new Epoch(NAN, NAN, Double.POSITIVE_INFINITY, NAN)),
                List.of(new Pointing("Grad-CAM", NAN, NAN, NAN)));
        Run stopped = new Run(2, 0, List.of(), List.of());
        for (List<Run> runs : List.of(List.<Run>of(), List.of(stopped), List.of(diverged),
                List.of(diverged, stopped))) {
            Network network = new Network("net", "Net", 0, NAN, NAN, runs, List.of());
            String html = WhitePatchReport.html(new WhitePatchResult(setup, List.of(network)));
            assertThat(html).contains("Net").doesNotContain("NaN", "Infinity");
        }
        assertThat(WhitePatchReport.html(new WhitePatchResult(setup, List.of()))).contains("Setup");
    }

    @Test
    void saysInOneLineWhyItCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "kept").resolve("report.html");
        assertThatIOException().isThrownBy(() -> WhitePatchReport.write(WhitePatchFixture.result(1, 1), file))
                .satisfies(e -> assertThat(e.getMessage()).startsWith("cannot write " + file).doesNotContain("\n"));
        assertThat(folder.resolve("file")).hasContent("kept");
    }

    private static WhitePatchResult of(String text, Example... examples) {
        Run run = new Run(1, 2.5, List.of(new Epoch(0.5, 0.7, 0.6, 0.65)), List.of(new Pointing(text, 0.5, 0.2, 0.03)));
        return new WhitePatchResult(new Setup(text, 8, 2, 10, 5, 1, 2, 1e-3, Schedule.Kind.COSINE, List.of(1L)),
                List.of(new Network(text, text, 100, 0.1, 0.2, List.of(run), List.of(examples))));
    }

    private static Example example(int patch, double probability) {
        return new Example(new Image(8, 8, new byte[192]), patch, patch, probability, "<map>", new float[4], 2, 2);
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
