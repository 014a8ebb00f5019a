package io.insightsrelay.catalog;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.lang.Nullable;

/** Entity refs in the one spelling that by-refs finds: {@code kind:namespace/name}, complete and in lower case. */
public final class EntityRef {

    // Backstage's rules for kinds, namespaces and names; lengths are bounded so that no stranger's text becomes a long look-up
    private static final Pattern REF = Pattern.compile(
            "(?:([a-zA-Z][a-zA-Z0-9]{0,62}):)?(?:([a-zA-Z0-9][a-zA-Z0-9._-]{0,62})/)?([a-zA-Z0-9][a-zA-Z0-9._-]{0,62})");

    private static final int LONGEST = 3 * 63 + 2;

    private EntityRef() {
    }

    /** The ref in full and in lower case, with namespace {@code default} where it has none; empty if it is none or has no kind. */
    public static Optional<String> normalise(@Nullable String ref) {
        return normalise(ref, null);
    }

    /** The same, with a kind for refs that leave it out. */
    public static Optional<String> normalise(@Nullable String ref, @Nullable String defaultKind) {
        if (ref == null || ref.length() > LONGEST) {
            return Optional.empty();
        }
        Matcher parts = REF.matcher(ref);
        if (!parts.matches()) {
            return Optional.empty();
        }
        String kind = parts.group(1) == null ? defaultKind : parts.group(1);
        String namespace = parts.group(2) == null ? "default" : parts.group(2);
        return kind == null ? Optional.empty() : Optional.of((kind + ":" + namespace + "/" + parts.group(3)).toLowerCase(Locale.ROOT));
    }
}
