package io.insightsrelay.ingest;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonStreamContext;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * The names of a JSON object's members so far, to tell one that comes twice; the parser's context keeps them while the object is open.
 * Jackson's own detection makes a hash set for every object, which took half of the time of reading an event.
 */
final class MemberNames {

    /** So many are compared one by one; an object of a stranger may have any number. */
    private static final int FEW = 16;

    private final String[] few = new String[FEW];
    private int count;
    private Set<String> many;

    private MemberNames() {
    }

    /**
     * The name that the parser stands on.
     *
     * @throws JsonParseException if the object has it already
     */
    static String next(JsonParser parser) throws JsonParseException {
        JsonStreamContext object = parser.getParsingContext();
        MemberNames names = (MemberNames) object.getCurrentValue();
        if (names == null) {
            names = new MemberNames();
            object.setCurrentValue(names);
        }
        String name = object.getCurrentName();
        if (!names.add(name)) {
            throw new JsonParseException(parser, "Duplicate field '" + name + "'");
        }
        return name;
    }

    private boolean add(String name) {
        if (many != null) {
            return many.add(name);
        }
        for (int i = 0; i < count; i++) {
            if (few[i].equals(name)) {
                return false;
            }
        }
        if (count == FEW) {
            many = new HashSet<>(Arrays.asList(few));
            return many.add(name);
        }
        few[count++] = name;
        return true;
    }
}
