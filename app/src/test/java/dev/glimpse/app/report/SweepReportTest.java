package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.app.report.SweepReport.Row;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SweepReportTest {
    private static final List<String> COMMAND = List.of("/data", "--attention", "none,se,eca", "--out", "sweep");

    private static SweepReport sweep() {
        return new SweepReport("/data", 2, List.of(
                new Row("none", List.of(RunFixture.summary("a", "none", 10, 0.70),
                        RunFixture.summary("b", "none", 10, 0.72))),
                new Row("se",
                        List.of(RunFixture.summary("c", "se", 10, 0.75), RunFixture.summary("d", "se", 10, 0.79))),
                new Row("eca", List.of(RunFixture.summary("e", "eca", 10, 0.6))), new Row("ge", List.of())), COMMAND);
    }

    @Test
    void meansSpreadsAndGainsAreTold() {
        assertThat(sweep().markdown().lines()).hasSize(5).contains(
                "| `none` | 2 | 71.0 ± 1.4\u202f% | – | 70.0 ± 1.4\u202f% | 11,263,842 | 556\u202fM | 106 |",
                "| `se` | 2 | 77.0 ± 2.8\u202f% | +6.0 | 76.0 ± 2.8\u202f% | 11,263,842 | 556\u202fM | 106 |",
                "| `eca` | 1 | 60.0\u202f% | −11.0 | 59.0\u202f% | 11,263,842 | 556\u202fM | 106 |");
        assertThat(sweep().text().lines()).hasSize(4);
    }

    @Test
    void thePageShowsWhatIsDone() throws Exception {
        String html = sweep().html();
        assertThat(html).contains("The sweep is not done: 5 of 8 runs are.", "<b>77.0 ± 2.8\u202f%</b>", "1 of 2 seeds",
                "Thin lines are single seeds").doesNotContain(">ge<");
        assertThat(html.split("<svg", -1)).as("six charts").hasSize(1 + 2 * 2 + 2);
        String body = html.substring(html.indexOf("<main>"), html.indexOf("</main>") + "</main>".length());
        LineChartTest.parsed(body.replace("<br>", "<br/>"));
    }

    @Test
    void machinesReadTheSame() {
        Map<String, Object> all = sweep().forMachines();
        assertThat(all).containsEntry("finished", 5).containsEntry("of", 8);
        assertThat((List<?>) all.get("attentions")).hasSize(3);
        assertThat(new SweepReport("/data", 2, List.of(new Row("ge", List.of())), COMMAND).isEmpty()).isTrue();
    }
}
