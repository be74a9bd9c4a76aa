package dev.glimpse.app;

import dev.glimpse.saliency.Normalisation;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code local-max} and {@code iterative}. */
final class NormalisationConverter implements ITypeConverter<Normalisation> {
    @Override
    public Normalisation convert(String text) {
        return Arrays.stream(Normalisation.values()).filter(norm -> name(norm).equalsIgnoreCase(text)).findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is no normalisation; known: " + Arrays
                        .stream(Normalisation.values()).map(NormalisationConverter::name)
                        .collect(Collectors.joining(", "))));
    }

    static String name(Normalisation norm) {
        return norm.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
