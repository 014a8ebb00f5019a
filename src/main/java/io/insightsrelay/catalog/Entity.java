package io.insightsrelay.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An entity of the catalog.
 *
 * @param ref      complete and in lower case
 * @param document the fields that were asked for; do not modify
 */
public record Entity(String ref, JsonNode document) {

    /** The targets of the relations of that type, such as memberOf or childOf: refs in lower case, in the catalog's order. */
    public List<String> related(String type) {
        return related(document, type);
    }

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
