package dev.glimpse.attention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The arguments a module or a network is built with, by name; values are text, numbers, booleans or lists of text.
 *
 * <p>
 * Reading one with its default makes it known, so that {@link #requireAllRead} can tell what a caller misspelt and what
 * there is.
 */
public final class Args {
    private final String owner;
    private final Map<String, Object> values;
    private final Map<String, Object> read = new LinkedHashMap<>();

    /** @param owner the module's name, for messages */
    public Args(String owner, Map<String, ?> values) {
        this.owner = owner;
        this.values = new TreeMap<>(values);
    }

    /**
     * Reads {@code name:key=value,key=one+two}, the form that users type.
     *
     * @throws IllegalArgumentException for a part that is no {@code key=value}
     */
    public static Args parse(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        Map<String, Object> values = new LinkedHashMap<>();
        if (colon >= 0) {
            for (String part : text.substring(colon + 1).split(",", -1)) {
                int equals = part.indexOf('=');
                if (equals < 1 || equals == part.length() - 1) {
                    throw new IllegalArgumentException(
                            "'" + text + "': write arguments as name:key=value,key=value; '" + part + "' is not one");
                }
                if (values.put(part.substring(0, equals).strip(), part.substring(equals + 1).strip()) != null) {
                    throw new IllegalArgumentException(
                            "'" + text + "': '" + part.substring(0, equals) + "' stands twice");
                }
            }
        }
        return new Args(name.strip(), values);
    }

    /** The name of what these arguments build. */
    public String owner() {
        return owner;
    }

    /** What was given, by name. */
    public Map<String, Object> values() {
        return new LinkedHashMap<>(values);
    }

    /** The same arguments with one more, which must not be there yet. */
    public Args with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(values);
        if (more.put(name, value) != null) {
            throw new IllegalArgumentException(owner + ": '" + name + "' is set by where the module stands");
        }
        return new Args(owner, more);
    }

    /** The same arguments but for some. */
    public Args without(String... names) {
        Map<String, Object> fewer = new LinkedHashMap<>(values);
        fewer.keySet().removeAll(List.of(names));
        return new Args(owner, fewer);
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** An integer that must be given. */
    public long required(String name) {
        if (!values.containsKey(name)) {
            throw new IllegalArgumentException(owner + " needs the argument '" + name + "'");
        }
        return integer(name, 0);
    }

    public long integer(String name, long byDefault) {
        Object value = take(name, byDefault);
        try {
            return switch (value) {
                case Long number -> number;
                case Integer number -> number;
                default -> Long.parseLong(value.toString());
            };
        } catch (NumberFormatException e) {
            throw wrong(name, value, "a whole number", e);
        }
    }

    public double number(String name, double byDefault) {
        Object value = take(name, byDefault);
        try {
            double number = value instanceof Number n ? n.doubleValue() : Double.parseDouble(value.toString());
            if (Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw wrong(name, value, "a number", e);
        }
        throw wrong(name, value, "a number", null);
    }

    public boolean flag(String name, boolean byDefault) {
        Object value = take(name, byDefault);
        return switch (value.toString().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(name, value, "true or false", null);
        };
    }

    public String text(String name, String byDefault) {
        return take(name, byDefault).toString();
    }

    /** A list of words, typed as {@code avg+max}. */
    public List<String> words(String name, List<String> byDefault) {
        Object value = take(name, byDefault);
        if (value instanceof Collection<?> collection) {
            List<String> words = new ArrayList<>();
            collection.forEach(word -> words.add(word.toString()));
            return words;
        }
        return List.of(value.toString().split("\\+", -1));
    }

    /** A list of whole numbers, typed as {@code 1+3}. */
    public List<Long> integers(String name, List<Long> byDefault) {
        List<Long> numbers = new ArrayList<>();
        for (String word : words(name, byDefault.stream().map(Object::toString).toList())) {
            try {
                numbers.add(Long.parseLong(word));
            } catch (NumberFormatException e) {
                throw wrong(name, word, "a whole number", e);
            }
        }
        return numbers;
    }

    /** One of an enum's constants, by its name in lower case. */
    public static <E extends Enum<E>> E constant(String owner, String name, Class<E> type, String word) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(word)) {
                return constant;
            }
        }
        String known = String.join(", ",
                Arrays.stream(type.getEnumConstants()).map(c -> c.name().toLowerCase(Locale.ROOT)).toList());
        throw new IllegalArgumentException(owner + ": " + name + " is '" + word + "'; known: " + known);
    }

    /** The arguments read so far with their defaults. */
    public Map<String, Object> known() {
        return new LinkedHashMap<>(read);
    }

    /**
     * Says that everything this module knows has been read.
     *
     * @throws IllegalArgumentException naming an argument that it does not know, and those it does
     */
    public void requireAllRead() {
        TreeSet<String> unknown = new TreeSet<>(values.keySet());
        unknown.removeAll(read.keySet());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(owner + " has no argument '" + unknown.first() + "'; it has "
                    + String.join(", ", read.keySet()));
        }
    }

    private Object take(String name, Object byDefault) {
        read.put(name, byDefault);
        Object value = values.get(name);
        return value == null ? byDefault : value;
    }

    private IllegalArgumentException wrong(String name, Object value, String expected, Exception cause) {
        return new IllegalArgumentException(owner + ": " + name + " is '" + value + "', not " + expected, cause);
    }
}
