package io.insightsrelay.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An entity of the catalog. Two of them are equal only if they are the same look-up's. Immutable. */
public final class Entity {

    private final String ref;
    private final JsonNode document;
    private final List<String> memberOf;
    private final List<String> childOf;

    /**
     * @param ref      complete and in lower case
     * @param document the fields that were asked for; do not modify
     */
    public Entity(String ref, JsonNode document) {
        this.ref = ref;
        this.document = document;
        // asked for with every batch
        this.memberOf = List.copyOf(related(document, "memberOf"));
        this.childOf = List.copyOf(related(document, "childOf"));
    }

    /** Complete and in lower case. */
    public String ref() {
        return ref;
    }

    /** The fields that were asked for; do not modify. */
    public JsonNode document() {
        return document;
    }

    /** Refs of the groups that it is a member of: in lower case, in the catalog's order. */
    public List<String> memberOf() {
        return memberOf;
    }

    /** Refs of its parents: in lower case, in the catalog's order. */
    public List<String> childOf() {
        return childOf;
    }

    /** The targets of the relations of that type: refs in lower case, in the catalog's order. */
    static List<String> related(JsonNode document, String type) {
        List<String> targets = new ArrayList<>();
        for (JsonNode relation : document.path("relations")) {
            if (relation.path("type").asText().equalsIgnoreCase(type)) {
                targets.add(relation.path("targetRef").asText().toLowerCase(Locale.ROOT));
            }
        }
        return targets;
    }
}
