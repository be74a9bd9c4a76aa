package dev.glimpse.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArgsTest {
    @Test
    void readsWhatUsersType() {
        Args args = Args.parse("cbam:reduction=8,pools=avg+max, spatial = False ,share=1e-1");
        assertThat(args.owner()).isEqualTo("cbam");
        assertThat(args.integer("reduction", 16)).isEqualTo(8);
        assertThat(args.words("pools", List.of())).containsExactly("avg", "max");
        assertThat(args.flag("spatial", true)).isFalse();
        assertThat(args.number("share", 0)).isEqualTo(0.1);
        assertThat(args.text("absent", "default")).isEqualTo("default");
        args.requireAllRead();
        assertThat(args.known()).containsOnlyKeys("reduction", "pools", "spatial", "share", "absent");
    }

    @Test
    void readsValuesOfTheirOwnTypes() {
        Args args = new Args("cbam", Map.of("int", 1, "long", 2L, "double", 0.5, "flag", true, "list",
                List.of("avg", "max")));
        assertThat(args.integer("int", 0)).isEqualTo(1);
        assertThat(args.integer("long", 0)).isEqualTo(2);
        assertThat(args.number("double", 0)).isEqualTo(0.5);
        assertThat(args.number("int", 0)).isEqualTo(1);
        assertThat(args.flag("flag", false)).isTrue();
        assertThat(args.words("list", List.of())).containsExactly("avg", "max");
    }

    @Test
    void aNameAloneHasNoArguments() {
        Args args = Args.parse(" cbam ");
        assertThat(args.owner()).isEqualTo("cbam");
        args.requireAllRead();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cbam:", "cbam:reduction", "cbam:reduction=", "cbam:=8", "cbam:reduction=8,",
        "cbam:,reduction=8", "cbam:avg+max"})
    void saysHowArgumentsAreWritten(String text) {
        assertThatThrownBy(() -> Args.parse(text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'" + text + "'", "name:key=value,key=value");
    }

    @Test
    void refusesAnArgumentTwice() {
        assertThatThrownBy(() -> Args.parse("cbam:reduction=8,reduction=4"))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("'reduction'", "twice");
    }

    @ParameterizedTest
    @CsvSource({"reduction=0, 'reduction is 0, must be at least 1'", "reduction=-3, reduction is -3",
        "reduction=x, 'reduction is ''x'', not a whole number'", "reduction=1.5, reduction is '1.5'",
        "reduction=9223372036854775808, reduction is '9223372036854775808'",
        "reduction=129, 'reduction=129 leaves no hidden unit for 64 channels; give a reduction of at most 64'",
        "pools=avg+avg, 'pools are ''avg+avg'', must be one or more, each once'",
        "pools=foo, 'pools is ''foo''; known: avg, max, lp, lse'", "pools=avg+, pools is ''",
        "spatial=yes, 'spatial is ''yes'', not true or false'", "channels=8, 'channels'"})
    void cbamNamesTheWrongValue(String argument, String said) {
        assertSlotRefused("cbam:" + argument, said);
    }

    @ParameterizedTest
    @CsvSource({"cbam-plain:kernel=4, 'kernel is 4, must be odd and positive'",
        "cbam-plain:kernel=-1, 'kernel is -1'", "cbam-independent:kernel=0, 'kernel is 0'",
        "cbam-parallel:kernel=2, 'kernel is 2'", "cbam-timm:spatial_kernel_size=6, spatial_kernel_size is 6",
        "cbam-timm:rd_ratio=0, 'rd_ratio is 0.0, must be above 0'", "cbam-timm:rd_ratio=NaN, rd_ratio is 'NaN'",
        "cbam-timm:rd_channels=-1, rd_channels is -1", "cbam-timm:rd_divisor=0, rd_divisor is 0",
        "mha2d:heads=5, '64 channels do not divide by heads=5'", "mha2d:heads=0, heads is 0",
        "mha2d:d_k=0, d_k is 0", "mha2d:dropout=1, 'dropout is 1.0, must be at least 0 and below 1'",
        "mha2d:attn_dropout=-0.1, attn_dropout is -0.1", "conv1d-mha:heads=0, heads is 0",
        "conv1d-mha:key_size=0, key_size is 0", "conv1d-mha:output_size=0, output_size is 0"})
    void othersNameTheWrongValue(String text, String said) {
        assertSlotRefused(text, said);
    }

    @Test
    void headsThatDoNotDivideMayBeGivenTheirSizes() {
        assertThat(Attentions.slot("mha2d:heads=5,d_k=3,d_v=2").create(64)).isNotNull();
    }

    @Test
    void anUnknownArgumentListsTheKnownOnes() {
        assertSlotRefused("cbam:reducton=8", "cbam has no argument 'reducton'", "reduction", "pools", "spatial");
        assertThatThrownBy(() -> Attentions.create("mha", Map.of("d_model", 8, "reduction", 8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("mha has no argument 'reduction'", "heads", "d_k", "attn_dropout");
    }

    @Test
    void aMissingArgumentIsNamed() {
        assertThatThrownBy(() -> Attentions.create("cbam", Map.of())).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("cbam needs the argument 'channels'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "CBAM", "none", "cbam-"})
    void anUnknownNameListsTheKnownOnes(String name) {
        assertThatThrownBy(() -> Attentions.slot(name)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'")
                .hasMessageContainingAll(Attentions.table().keySet().toArray(String[]::new));
    }

    @Test
    void whatFitsNoSlotSaysWhatDoes() {
        assertThatThrownBy(() -> Attentions.slot("mha")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'mha'", "fits no slot", "cbam, ", "mha2d");
    }

    @Test
    void theSameAsTextAndAsValues() {
        Cbam typed = (Cbam) Attentions.slot("cbam:reduction=8,pools=lse+lp,spatial=false").create(64);
        Cbam built = (Cbam) Attentions.create("cbam",
                Map.of("channels", 64, "reduction", 8, "pools", List.of("lse", "lp"), "spatial", false));
        assertThat(Arrays.asList(typed, built)).allSatisfy(cbam -> {
            assertThat(cbam.walk()).containsKey("ChannelGate.mlp.3").doesNotContainKey("SpatialGate");
            assertThat(cbam.parameters().size()).isEqualTo(4);
        });
    }

    private static void assertSlotRefused(String text, String... said) {
        assertThatThrownBy(() -> Attentions.slot(text).create(64)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(said).message().doesNotContain("\n");
    }
}
