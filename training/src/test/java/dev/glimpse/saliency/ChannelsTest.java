package dev.glimpse.saliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.data.Image;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelsTest {
    /** By hand: red 200 50 50 has I = 100, r = 2, g = b = 0.5, R = 1.5, G = B = Y = 0. */
    @ParameterizedTest
    @CsvSource({"200, 50, 50, 1.5, 0", "50, 200, 50, -1.5, 0", "50, 50, 200, 0, 1.5", "130, 130, 40, 0, -0.9",
        "180, 90, 30, 1.2, -0.6", "100, 100, 100, 0, 0", "255, 255, 255, 0, 0"})
    void opponentsKeepTheirSign(int r, int g, int b, float redGreen, float blueYellow) {
        Channels channels = Channels.of(new Image(1, 1, new byte[]{(byte) r, (byte) g, (byte) b}));
        assertThat(channels.intensity().values()[0]).isCloseTo((r + g + b) / 765f, within(1e-6f));
        assertThat(channels.redGreen().values()[0]).isCloseTo(redGreen, within(1e-6f));
        assertThat(channels.blueYellow().values()[0]).isCloseTo(blueYellow, within(1e-6f));
    }

    @Test
    void aHueInTheDarkIsNotSeen() {
        byte white = (byte) 255;
        Channels channels = Channels.of(new Image(3, 1, new byte[]{white, white, white, 40, 0, 0, 90, 0, 0}));
        assertThat(channels.redGreen().values()[1]).isZero();
        assertThat(channels.redGreen().values()[2]).isCloseTo(3, within(1e-5f));
    }

    @Test
    void aBlackPictureHasNothing() {
        Channels channels = Channels.of(new Image(2, 1, new byte[6]));
        assertThat(channels.intensity().values()).containsOnly(0);
        assertThat(channels.redGreen().values()).containsOnly(0);
        assertThat(channels.blueYellow().values()).containsOnly(0);
    }
}
