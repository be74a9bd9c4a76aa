package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.metric.ConfusionMatrix;
import dev.glimpse.train.metric.MultiLabelScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RunReportTest {
    @TempDir
    Path folder;

    private static TestFindings classes(int count) {
        return new TestFindings.Classes(RunFixture.matrix(count), 33, 2,
                List.of(RunFixture.mistake("<i>x</i>.png", "a <b>bold</b> & 'quoted' class 1.0 %")));
    }

    @Test
    void showsClassesConfusionsAndMistakes() throws Exception {
        RunSummary run = RunFixture.summary("one", "cbam:reduction=8", 10, 0.8);
        Path file = folder.resolve("report.html");
        RunReport.of(run, classes(3)).write(file);
        String html = Files.readString(file);
        assertThat(html).contains("resnet18 with cbam:reduction=8", "11.3\u202fM", "556\u202fM multiply-adds",
                "80.0\u202f%", "after epoch 9; after the last, 79.0\u202f%", "33 test images",
                "2 more could not be read",
                "dog taken for tree: 1 of 11", "90.9\u202f%");
        assertThat(html).as("precision, recall and F1 of the last class")
                .contains("<th scope=\"row\">tree</th><td>12</td>"
                        + "<td>10</td><td>" + Numbers.percent(10.0 / 11) + "</td><td>" + Numbers.percent(10.0 / 12)
                        + "</td>");
        assertThat(count(html, "src=\"data:image/png;base64,")).isEqualTo(2);
        assertThat(drawings(html)).hasSize(4 + 1);
        wellFormed(html);
    }

    @Test
    void saysHowToDoItAgain() {
        String html = RunReport.withoutImages(RunFixture.summary("one", "se", 10, 0.8), "gone").html();
        assertThat(html.replace("<span>", "").replace("</span>", "")).contains(
                "glimpse train &#39;/my data&#39; --attention se --out one --precision fp32 --layout nchw",
                "<dt>Regularisation label smoothing</dt><dd>0.1</dd>",
                "<dt>Optimizer rule</dt><dd>sgd</dd>", "<dt>Seed</dt><dd>7</dd>", "&quot;warmup&quot;")
                .doesNotContain("Clip adaptive");
    }

    @Test
    void withoutItsImagesItHasTheCurves() throws Exception {
        String html = RunReport.withoutImages(RunFixture.summary("one", "none", 4, 0.8),
                "/data/<gone>: no such folder").html();
        assertThat(html).contains("/data/&lt;gone&gt;: no such folder", "It is not done: 4 of 10 epochs are.",
                "<h1>resnet18</h1>");
        assertThat(drawings(html)).hasSize(4);
        wellFormed(html);
    }

    @Test
    void severalLabelsAreGivenAveragePrecision() throws Exception {
        MultiLabelScore score = new MultiLabelScore(List.of(new MultiLabelScore.Label(3, 1, 2, 40, 0.625),
                new MultiLabelScore.Label(0, 0, 0, 40, Double.NaN), new MultiLabelScore.Label(5, 0, 0, 40, 1)));
        RunSummary run = RunFixture.summary("one", "se", 10, 0.8,
                new TaskConfig(TaskConfig.Kind.MULTI_LABEL, null, null), "mean_average_precision", RunFixture.CLASSES);
        String html = RunReport.of(run, new TestFindings.Labels(score, 40, 0, List.of())).html();
        assertThat(html).contains("62.5\u202f%", "75.0\u202f%", "Best test mean average precision", "There are none.");
        wellFormed(html);
    }

    @Test
    void pixelsAreGivenIouAndDice() throws Exception {
        RunSummary run = RunFixture.summary("one", "cbam", 10, 0.8, RunFixture.segmentation(), "mean_iou",
                List.of("back", "cell"));
        String html = RunReport.of(run, new TestFindings.Pixels(
                new ConfusionMatrix(new long[][]{{800, 100}, {50, 50}}), 6, 0,
                List.of(RunFixture.mistake("0.png", null)))).html();
        assertThat(html).contains("Best test mean IoU", Numbers.percent(800.0 / 950), Numbers.percent(1600.0 / 1750),
                "lowest mean IoU", "background:#000000\"></i>back", "background:#800000\"></i>cell");
        assertThat(drawings(html).getLast()).contains(">" + Numbers.percent(100.0 / 900) + "<");
        wellFormed(html);
    }

    @ParameterizedTest
    @CsvSource({"3,true", "16,true", "17,true", "40,true", "41,false", "1000,false"})
    void theMatrixIsShownWhereItIsLegible(int count, boolean shown) {
        List<String> names = IntStream.range(0, count).mapToObj(i -> "class " + i).toList();
        String html = new ConfusionChart(RunFixture.matrix(count), names, false).html();
        assertThat(html.contains("<svg")).isEqualTo(shown);
        assertThat(html).contains("Most often confused",
                "class " + (count - 1) + " <span class=\"for\">taken for</span>");
        assertThat(html.length()).isLessThan(700_000);
    }

    @Test
    void manyClassesAreListedAtAClick() {
        List<String> names = IntStream.range(0, 100).mapToObj(i -> "class " + i).toList();
        String table = ClassTable.ofImages(RunFixture.matrix(100), names);
        assertThat(table).contains("The 15 classes that are told worst", "All 100 classes");
        assertThat(count(table.substring(0, table.indexOf("<details")), "scope=\"row\"")).isEqualTo(15);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 300})
    void loadsNothing(int epochs) {
        String html = RunReport.of(RunFixture.summary("one", "se", epochs, 0.8), classes(3)).html();
        assertThat(html.replace("xmlns=\"http://www.w3.org/2000/svg\"", ""))
                .doesNotContain("http:", "https:", "@import")
                .doesNotContain("<script", "url(", "src=\"/", "href=\"/").contains("default-src 'none'");
    }

    @Test
    void aFileThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.createDirectory(folder.resolve("report.html"));
        Files.createFile(file.resolve("inside"));
        assertThatIOException().isThrownBy(() -> RunReport.of(RunFixture.summary("one", "se", 1, 0.8), classes(3))
                .write(file)).withMessageStartingWith("cannot write " + file);
    }

    private static List<String> drawings(String html) throws Exception {
        List<String> drawings = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(html).results()
                .map(MatchResult::group).toList();
        for (String drawing : drawings) {
            LineChartTest.parsed(drawing);
        }
        return drawings;
    }

    private static void wellFormed(String html) throws Exception {
        String body = html.substring(html.indexOf("<main>"), html.indexOf("</main>") + "</main>".length());
        LineChartTest.parsed(body.replaceAll("(<img[^>]*)>", "$1/>").replace("<br>", "<br/>"));
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
