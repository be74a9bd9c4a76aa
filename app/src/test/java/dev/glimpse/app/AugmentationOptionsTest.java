package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Augmentation;
import dev.glimpse.data.ColourJitter;
import dev.glimpse.data.Mixing;
import dev.glimpse.data.RandAugment;
import dev.glimpse.data.RandomErasing;
import dev.glimpse.data.RandomResizedCrop;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class AugmentationOptionsTest {
    @Command(name = "some")
    private static final class Some {
        @Mixin
        private AugmentationOptions options;
    }

    private static Augmentation parse(int size, String args) {
        Some some = new Some();
        new CommandLine(some).setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs(args.isEmpty() ? new String[0] : args.split(" "));
        return some.options.augmentation(size);
    }

    @Test
    void theSizeDecidesWhereAsked() {
        assertThat(parse(32, "")).isEqualTo(Augmentation.shifted(32));
        assertThat(parse(224, "")).isEqualTo(Augmentation.shifted(224));
        assertThat(parse(32, "--crop auto")).isEqualTo(Augmentation.shifted(32));
        assertThat(parse(224, "--crop auto")).isEqualTo(Augmentation.cropped());
        assertThat(parse(224, "--crop centre --hflip 0")).isEqualTo(Augmentation.none());
    }

    @Test
    void everythingCanBeSaid() {
        assertThat(parse(32, "--crop resized --scale 0.5 0.9 --ratio 1 2 --hflip 0.25 --vflip 0.75 --color-jitter "
                + "0.1,0.2,0.3,0.4 --aa rand-m7-n3 --reprob 0.2 --remode pixel --recount 2 --mixup 0.1 --cutmix 1 "
                + "--mixup-prob 0.8 --mixup-switch-prob 0.4"))
                .isEqualTo(new Augmentation(new RandomResizedCrop(0.5, 0.9, 1, 2), 0, 0.25, 0.75,
                        new ColourJitter(0.1, 0.2, 0.3, 0.4), new RandAugment(3, 7, 0),
                        new RandomErasing(0.2, RandomErasing.Fill.PIXEL, 2, 0.02, 1 / 3.0),
                        new Mixing(0.1, 1, 0.8, 0.4)));
        assertThat(parse(224, "--color-jitter 0.4").jitter()).isEqualTo(new ColourJitter(0.4, 0.4, 0.4, 0));
    }

    @Test
    void mistakesAreNamed() {
        assertThatThrownBy(() -> parse(32, "--scale 0.5 1")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--scale and --ratio are for --crop resized");
        assertThatThrownBy(() -> parse(32, "--color-jitter 1,2")).hasMessageContaining("2 numbers; expected 1, 3 or 4");
        assertThatThrownBy(() -> parse(32, "--hflip 2")).hasMessage("the chance of flip is 2.0, must be in 0 to 1");
        assertThatThrownBy(() -> parse(32, "--aa augmix")).hasMessageStartingWith("'augmix' is no augmentation");
    }
}
