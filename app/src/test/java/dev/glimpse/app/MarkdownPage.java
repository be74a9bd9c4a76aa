package dev.glimpse.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Markdown file, cut into prose and fenced blocks; lines know their numbers. */
record MarkdownPage(Path file, List<Line> prose, List<Block> blocks) {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)|<img[^>]* src=\"([^\"]+)\"");

    /** A line outside of fenced blocks, counted from 1. */
    record Line(Path file, int number, String text) {
        boolean isHeading() {
            return text.matches("#+ .*");
        }

        /** What stands in backticks. */
        List<String> code() {
            return matches(CODE, text);
        }

        /** Where its links and images point. */
        List<String> targets() {
            return matches(LINK, CODE.matcher(text).replaceAll("code"));
        }

        @Override
        public String toString() {
            return file + ":" + number;
        }
    }

    /**
     * A fenced block.
     *
     * @param number of its first line of code
     * @param language as written after the fence, empty for none
     */
    record Block(Path file, int number, String language, List<String> code) {
        @Override
        public String toString() {
            return file + ":" + number;
        }
    }

    static MarkdownPage read(Path file) throws IOException {
        List<Line> prose = new ArrayList<>();
        List<Block> blocks = new ArrayList<>();
        Block open = null;
        int number = 0;
        for (String text : Files.readAllLines(file)) {
            number++;
            if (text.startsWith("```")) {
                if (open == null) {
                    open = new Block(file, number + 1, text.substring(3).strip(), new ArrayList<>());
                    blocks.add(open);
                } else {
                    open = null;
                }
            } else if (open != null) {
                open.code().add(text);
            } else {
                prose.add(new Line(file, number, text));
            }
        }
        if (open != null) {
            throw new IOException(open + ": the block has no end");
        }
        return new MarkdownPage(file, prose, blocks);
    }

    /** The names that GitHub gives the headings. */
    Set<String> anchors() {
        Set<String> anchors = new HashSet<>();
        prose.stream().filter(Line::isHeading).forEach(line -> {
            String heading = line.text().replaceFirst("^#+ +", "").toLowerCase(Locale.ROOT);
            String anchor = heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
            for (int copy = 1; !anchors.add(copy == 1 ? anchor : anchor + "-" + (copy - 1)); copy++) {
                continue;
            }
        });
        return anchors;
    }

    private static List<String> matches(Pattern pattern, String text) {
        List<String> found = new ArrayList<>();
        for (Matcher matcher = pattern.matcher(text); matcher.find();) {
            found.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return found;
    }
}
