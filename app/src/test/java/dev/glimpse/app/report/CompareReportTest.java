package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CompareReportTest {
    @Test
    void whatDiffersIsTold() throws Exception {
        List<RunSummary> runs = List.of(RunFixture.summary("one <i>", "se", 10, 0.7),
                RunFixture.summary("two", "none", 4, 0.8));
        assertThat(CompareReport.differing(runs)).containsOnlyKeys("args.attention");
        String html = CompareReport.html(runs);
        assertThat(html).contains("one &lt;i&gt;", "<b>80.0\u202f%</b>", "4 of 10", "resnet18 with se")
                .doesNotContain("one <i>");
        String body = html.substring(html.indexOf("<main>"), html.indexOf("</main>") + "</main>".length());
        LineChartTest.parsed(body.replace("<br>", "<br/>"));
        assertThat(CompareReport.text(runs).lines().skip(1)).first().asString().startsWith("one <i>")
                .contains("70.0", "11,263,842");
    }

    @Test
    void runsThatAreAlikeAreSaidToBe() {
        RunSummary run = RunFixture.summary("one", "se", 10, 0.7);
        assertThat(CompareReport.html(List.of(run, run))).contains("All were started alike.");
    }

    /** Colours come again, with dashes. */
    @ParameterizedTest
    @ValueSource(ints = {2, 7, 14})
    void everyRunHasALineOfItsOwn(int count) {
        List<RunSummary> runs = IntStream.range(0, count)
                .mapToObj(i -> RunFixture.summary("run" + i, "se", 5, 0.5 + 0.01 * i)).toList();
        assertThat(IntStream.range(0, count).mapToObj(i -> Svg.colour(i) + Svg.dashes(i))).doesNotHaveDuplicates();
        String html = CompareReport.html(runs);
        assertThat(html.split("<path", -1)).hasSize(1 + count * 6);
        assertThat(html).contains(">run" + (count - 1) + "<");
    }
}
