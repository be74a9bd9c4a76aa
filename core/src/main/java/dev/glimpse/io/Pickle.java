package dev.glimpse.io;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * Reads the values of a Python pickle, protocols 0 to 5, and runs nothing.
 *
 * <p>
 * A pickle is a program for a stack machine: it names functions and has them called. Here a name is looked up among a few
 * that are known, each standing for a value that Java builds; any other is refused. What a pickle can make grows with its
 * length alone, and values are built without recursion, so neither nesting nor sizes that lie do harm.
 *
 * <p>
 * None becomes null, numbers {@link Long}, {@link BigInteger} or {@link Double}, text {@link String}, bytes
 * {@code byte[]}, lists and sets {@link List}, dictionaries {@link Map} in their order.
 */
final class Pickle {
    /** More than any checkpoint has, and what they take fits a small heap. */
    private static final int MAX_VALUES = 5_000_000;
    /** What a number takes at most, in digits or bytes: reading one takes the square of that. */
    private static final int MAX_NUMBER = 1024;
    private static final Object MARK = new Object();

    /** A tuple. */
    record Tuple(List<Object> items) {
        Object get(int index) {
            return items.get(index);
        }

        int size() {
            return items.size();
        }
    }

    /** A function or class that the pickle names, as {@code module name}. */
    record Global(String name) {}

    /** What the pickle's names mean. */
    interface Meaning {
        /**
         * Whether a name may stand in the pickle.
         *
         * @param name module and name with a blank between
         */
        boolean knows(String name);

        /** The result of calling a known name. */
        Object call(String name, List<Object> arguments) throws IOException;

        /** What a persistent id stands for: in PyTorch, a storage. */
        Object persistent(Object id) throws IOException;
    }

    private final String where;
    private final ByteBuffer in;
    private final Meaning meaning;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int made;

    private Pickle(String where, ByteBuffer in, Meaning meaning) {
        this.where = where;
        this.in = in;
        this.meaning = meaning;
    }

    /**
     * Reads one pickle and leaves the buffer behind its end.
     *
     * @param where the file, for messages
     * @throws IOException in one line for a pickle that is broken, too large or asks for more than values
     */
    static Object read(String where, ByteBuffer in, Meaning meaning) throws IOException {
        ByteBuffer bytes = in.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        try {
            Object value = new Pickle(where, bytes, meaning).run();
            in.position(bytes.position());
            return value;
        } catch (BufferUnderflowException e) {
            throw new IOException(where + ": truncated: its pickle has no end", e);
        } catch (IndexOutOfBoundsException | NoSuchElementException | ClassCastException | NullPointerException
                | NumberFormatException e) {
            throw new IOException(where + ": its pickle is broken at byte " + bytes.position(), e);
        }
    }

    private Object run() throws IOException {
        while (true) {
            int op = in.get() & 0xFF;
            if (op == '.') {
                return pop();
            }
            step(op);
        }
    }

    private void step(int op) throws IOException {
        switch (op) {
            case 0x80 -> requireProtocol(in.get());
            case 0x95 -> in.getLong(); // a frame's length: frames only help streams
            case '(' -> push(MARK);
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.getInt());
            case 'K' -> push((long) (in.get() & 0xFF));
            case 'M' -> push((long) (in.getShort() & 0xFFFF));
            case 0x8a -> push(integer(bytes(in.get() & 0xFF)));
            case 0x8b -> push(integer(bytes(Math.min(in.getInt(), MAX_NUMBER + 1))));
            case 'I' -> push(numberOrFlag(digits()));
            case 'L' -> push(narrow(new BigInteger(digits().replaceFirst("L$", ""))));
            case 'F' -> push(Double.valueOf(digits()));
            case 'G' -> push(in.order(ByteOrder.BIG_ENDIAN).getDouble());
            case 'X' -> push(text(bytes(in.getInt())));
            case 0x8c -> push(text(bytes(in.get() & 0xFF)));
            case 0x8d -> push(text(bytes(in.getLong())));
            case 'V' -> push(line());
            case 'S' -> push(unquoted(line()));
            case 'U' -> push(new String(bytes(in.get() & 0xFF), StandardCharsets.ISO_8859_1));
            case 'T' -> push(new String(bytes(in.getInt()), StandardCharsets.ISO_8859_1));
            case 'B' -> push(bytes(in.getInt()));
            case 'C' -> push(bytes(in.get() & 0xFF));
            case 0x8e, 0x96 -> push(bytes(in.getLong()));
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(popToMark()));
            case 0x85 -> push(tuple(1));
            case 0x86 -> push(tuple(2));
            case 0x87 -> push(tuple(3));
            case ']', 0x8f -> push(new ArrayList<>());
            case 'l', 0x91 -> push(popToMark());
            case 'a' -> append(tuple(1).items());
            case 'e', 0x90 -> append(popToMark());
            case '}' -> push(new LinkedHashMap<>());
            case 'd' -> {
                List<Object> items = popToMark();
                push(new LinkedHashMap<>());
                put(items);
            }
            case 's' -> put(tuple(2).items());
            case 'u' -> put(popToMark());
            case 'c' -> push(global(line(), line()));
            case 0x93 -> {
                Tuple names = tuple(2);
                push(global((String) names.get(0), (String) names.get(1)));
            }
            case 'R', 0x81 -> {
                Tuple call = tuple(2);
                push(meaning.call(((Global) call.get(0)).name(), ((Tuple) call.get(1)).items()));
            }
            case 'b' -> pop(); // an object's own attributes: values have none that matter
            case 'P' -> push(meaning.persistent(line()));
            case 'Q' -> push(meaning.persistent(pop()));
            case 'p' -> keep(Integer.parseInt(digits()));
            case 'q' -> keep(in.get() & 0xFF);
            case 'r' -> keep(in.getInt());
            case 0x94 -> keep(memo.size());
            case 'g' -> push(recalled(Integer.parseInt(digits())));
            case 'h' -> push(recalled(in.get() & 0xFF));
            case 'j' -> push(recalled(in.getInt()));
            default ->
                    throw new IOException(String.format("%s: its pickle has the instruction 0x%02x, which is not read",
                            where, op));
        }
        in.order(ByteOrder.LITTLE_ENDIAN);
    }

    private void requireProtocol(int version) throws IOException {
        if (version < 0 || version > 5) {
            throw new IOException(where + ": its pickle has protocol " + version + ", known are 0 to 5");
        }
    }

    private Global global(String module, String name) throws IOException {
        String full = module + " " + name;
        if (!meaning.knows(full)) {
            throw new IOException(where + ": refused: its pickle asks for '"
                    + full.replaceAll("\\p{Cntrl}", "?").replace(' ', '.')
                    + "', which is neither a tensor nor a container of them");
        }
        return new Global(full);
    }

    private void push(Object value) throws IOException {
        count();
        stack.add(value);
    }

    private void keep(int key) throws IOException {
        count();
        memo.put(key, top());
    }

    private void count() throws IOException {
        if (++made > MAX_VALUES) {
            throw new IOException(where + ": its pickle has more than " + MAX_VALUES + " values");
        }
    }

    private Object top() {
        return stack.getLast();
    }

    private Object pop() throws IOException {
        if (stack.isEmpty()) {
            throw new IOException(where + ": its pickle is broken at byte " + in.position());
        }
        return stack.removeLast();
    }

    private List<Object> popToMark() {
        int mark = stack.lastIndexOf(MARK);
        List<Object> items = new ArrayList<>(stack.subList(mark + 1, stack.size()));
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    private Tuple tuple(int size) {
        List<Object> last = stack.subList(stack.size() - size, stack.size());
        Tuple tuple = new Tuple(new ArrayList<>(last));
        last.clear();
        return tuple;
    }

    @SuppressWarnings("unchecked")
    private void append(List<Object> items) {
        ((List<Object>) top()).addAll(items);
    }

    @SuppressWarnings("unchecked")
    private void put(List<Object> items) throws IOException {
        if (!(top() instanceof Map)) {
            throw new IOException(where + ": its pickle is broken at byte " + in.position());
        }
        Map<Object, Object> map = (Map<Object, Object>) top();
        for (int i = 0; i + 1 < items.size(); i += 2) {
            if (items.get(i) instanceof String || items.get(i) instanceof Number || items.get(i) instanceof Boolean) {
                map.put(items.get(i), items.get(i + 1));
            } // a key of another kind names no tensor
        }
    }

    private Object recalled(int key) throws IOException {
        if (!memo.containsKey(key)) {
            throw new IOException(where + ": its pickle recalls a value that it never kept");
        }
        return memo.get(key);
    }

    private byte[] bytes(long count) throws IOException {
        if (count < 0 || count > in.remaining()) {
            throw new IOException(where + ": truncated: its pickle announces " + Long.toUnsignedString(count)
                    + " bytes, of which " + in.remaining() + " are there");
        }
        byte[] bytes = new byte[(int) count];
        in.get(bytes);
        return bytes;
    }

    private String line() {
        int start = in.position();
        while (in.get() != '\n') {
            continue;
        }
        byte[] bytes = new byte[in.position() - 1 - start];
        in.get(start, bytes);
        return text(bytes);
    }

    private String digits() {
        String line = line();
        if (line.length() > MAX_NUMBER) {
            throw new NumberFormatException("a number of " + line.length() + " digits");
        }
        return line;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String unquoted(String line) {
        return line.substring(1, line.length() - 1);
    }

    private static Object numberOrFlag(String line) {
        return switch (line) {
            case "00" -> false;
            case "01" -> true;
            default -> narrow(new BigInteger(line));
        };
    }

    private static Object integer(byte[] littleEndian) {
        if (littleEndian.length > MAX_NUMBER) {
            throw new NumberFormatException("a number of more than " + MAX_NUMBER + " bytes");
        }
        byte[] bigEndian = new byte[littleEndian.length + 1]; // none at all stands for 0
        for (int i = 0; i < littleEndian.length; i++) {
            bigEndian[bigEndian.length - 1 - i] = littleEndian[i];
        }
        if (littleEndian.length > 0 && littleEndian[littleEndian.length - 1] < 0) {
            bigEndian[0] = -1;
        }
        return narrow(new BigInteger(bigEndian));
    }

    private static Object narrow(BigInteger number) {
        return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
    }
}
