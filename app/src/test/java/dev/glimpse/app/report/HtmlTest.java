package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.data.Image;
import org.junit.jupiter.api.Test;

final class HtmlTest {
    @Test
    void escapesWhatHtmlWouldRead() {
        assertThat(Html.escape("<b a=\"1\" b='2'>&amp;</b>"))
                .isEqualTo("&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
        assertThat(Html.escape("1×1 – 😀\n")).isEqualTo("1×1 – 😀\n");
    }

    @Test
    void replacesWhatXmlCannotHold() {
        assertThat(Html.escape("a\u0000b\u001bc\ud800d\uffff")).isEqualTo("a�b�c�d�");
    }

    @Test
    void escapesTheTitle() {
        assertThat(Html.page("</title><script>", "")).contains("<title>&lt;/title&gt;&lt;script&gt;</title>");
    }

    @Test
    void putsAPictureIntoThePage() {
        assertThat(Html.image(new Image(2, 1, new byte[6]), "a \"black\" picture"))
                .startsWith("<img src=\"data:image/png;base64,iVBORw0KGgo")
                .endsWith("width=\"2\" height=\"1\" alt=\"a &quot;black&quot; picture\">");
    }
}
