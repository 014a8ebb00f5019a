package io.insightsrelay.catalog;

import java.util.List;

/** What of an entity the look-ups ask for. */
@FunctionalInterface
public interface RequestedFields {

    /** The {@code fields} of by-refs; never empty, because that would ask for whole entities. */
    List<String> catalogFields();
}
