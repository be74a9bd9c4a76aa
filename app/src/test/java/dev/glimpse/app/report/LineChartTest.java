package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.app.report.Axis.Tick;
import dev.glimpse.app.report.LineChart.Series;
import java.io.StringReader;
import java.util.List;
import java.util.stream.DoubleStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

final class LineChartTest {
    private static final double NAN = Double.NaN;

    @Test
    void isXmlThatStandsAlone() throws Exception {
        Series series = new Series("<i>SE & \"friends\"</i>", List.of(new double[]{1, 0.1}, new double[]{2, 0.2, 0.1}));
        Document svg = parsed(chart(true, series).svg());
        assertThat(svg.getDocumentElement().getNamespaceURI()).isEqualTo("http://www.w3.org/2000/svg");
        assertThat(svg.getDocumentElement().getTextContent()).contains("<i>SE & \"friends\"</i>", "Loss", "Epoch");
        assertThat(svg.getElementsByTagNameNS("*", "path").getLength()).as("two runs and their mean").isEqualTo(3);
    }

    @Test
    void drawsASingleRunOnce() throws Exception {
        Document svg = parsed(chart(false, new Series("a", List.of(new double[]{3, 2, 1}))).svg());
        assertThat(svg.getElementsByTagNameNS("*", "path").getLength()).isEqualTo(1);
    }

    @Test
    void leavesAGapWhereAValueHasNoPlace() throws Exception {
        String path = path(chart(true, new Series("a", List.of(new double[]{1, 0.5, NAN, 0, -1, 0.2, 0.1}))));
        assertThat(path.chars().filter(c -> c == 'M')).as("pieces of " + path).hasSize(2);
        assertThat(path).doesNotContain("NaN", "Infinity");
    }

    @Test
    void drawsWhatIsEmpty() throws Exception {
        for (boolean log : new boolean[]{true, false}) {
            parsed(chart(log).svg());
            parsed(chart(log, new Series("none", List.of())).svg());
            parsed(chart(log, new Series("no epochs", List.of(new double[0], new double[0]))).svg());
            String nothing = chart(log, new Series("diverged", List.of(new double[]{NAN, NAN}))).svg();
            assertThat(parsed(nothing).getElementsByTagNameNS("*", "path").getLength()).isZero();
            assertThat(nothing).doesNotContain("NaN");
            assertThat(path(chart(log, new Series("one", List.of(new double[]{0.5}))))).matches("M[0-9. ]+h0");
        }
    }

    @Test
    void putsTicksAtRoundNumbers() {
        assertThat(texts(Axis.linear(DoubleStream.of(0, 1)))).containsExactly("0.0", "0.2", "0.4", "0.6", "0.8", "1.0");
        assertThat(texts(Axis.percent(DoubleStream.of(0.52, 1)))).containsExactly("50%", "60%", "70%", "80%", "90%",
                "100%");
        assertThat(texts(Axis.percent(DoubleStream.of(0.971, 0.994)))).startsWith("97.0%").contains("99.0%");
        assertThat(texts(Axis.log(DoubleStream.of(0.69, 2e-4, 0, -3, NAN)))).containsExactly("10⁻⁴", "10⁻³", "10⁻²",
                "10⁻¹", "10⁰");
        assertThat(texts(Axis.log(DoubleStream.of(0.7, 0.3)))).containsExactly("0.2", "0.5", "1");
        assertThat(texts(Axis.log(DoubleStream.of(1e-5, 3e-5)))).containsExactly("10⁻⁵", "2×10⁻⁵", "5×10⁻⁵");
        assertThat(texts(Axis.log(DoubleStream.of(Double.MIN_VALUE, 1)))).containsExactly("1", "2");
        assertThat(texts(Axis.count(1, 50))).containsExactly("10", "20", "30", "40", "50");
        assertThat(texts(Axis.count(1, 3))).containsExactly("1", "2", "3");
        assertThat(texts(Axis.count(1, 1))).containsExactly("1", "2");
    }

    @Test
    void keepsTicksFewAndApart() {
        for (double[] range : new double[][]{{1e-30, 1}, {1e-299, 1e300}, {0, 1e-9}, {5, 5}, {-3e5, 4e7},
            {0.999, 0.9991}, {0, 0}}) {
            for (Axis axis : List.of(Axis.linear(DoubleStream.of(range)), Axis.percent(DoubleStream.of(range)),
                    Axis.log(DoubleStream.of(range)))) {
                assertThat(texts(axis)).as(axis.toString()).hasSizeBetween(2, 10).doesNotHaveDuplicates();
                assertThat(axis.at(axis.low())).isEqualTo(0);
                assertThat(axis.at(axis.high())).isCloseTo(1, within(1e-12));
            }
        }
    }

    private static LineChart chart(boolean log, Series... series) {
        DoubleStream values = LineChart.values(List.of(series));
        return new LineChart("Loss", "Epoch", log ? Axis.log(values) : Axis.linear(values), List.of(series));
    }

    private static String path(LineChart chart) throws Exception {
        return parsed(chart.svg()).getElementsByTagNameNS("*", "path").item(0).getAttributes().getNamedItem("d")
                .getTextContent();
    }

    private static List<String> texts(Axis axis) {
        return axis.ticks().stream().map(Tick::text).toList();
    }

    static Document parsed(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }
}
