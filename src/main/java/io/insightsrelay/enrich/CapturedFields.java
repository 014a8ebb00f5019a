package io.insightsrelay.enrich;

import io.insightsrelay.catalog.BackstageBlock;
import io.insightsrelay.catalog.EntityFilter;
import io.insightsrelay.catalog.FieldPath;
import io.insightsrelay.catalog.RequestedFields;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is captured of entities and users: the configured fields and those of Backstage's block.
 *
 * @param entity       paths into the entity that an event is about
 * @param user         paths into the user, without spec.memberOf
 * @param groups       whether the user's groups are captured
 * @param groupsFilter which of them
 */
public record CapturedFields(List<FieldPath> entity, List<FieldPath> user, boolean groups, EntityFilter groupsFilter)
        implements RequestedFields {

    private static final FieldPath MEMBER_OF = new FieldPath("spec.memberOf");

    static CapturedFields of(EnrichProperties properties, BackstageBlock block) {
        List<FieldPath> user = join(properties.userFields(), block.captureIdentityFields());
        return new CapturedFields(join(properties.entityFields(), block.captureEntityFields()),
                user.stream().filter(path -> !path.equals(MEMBER_OF)).toList(), user.contains(MEMBER_OF), block.captureIdentityGroupsFilter());
    }

    private static List<FieldPath> join(List<String> configured, List<FieldPath> more) {
        return Stream.concat(configured.stream().map(FieldPath::new), more.stream()).distinct().toList();
    }

    /** What is captured, what the filter looks at, and the relations to groups. */
    @Override
    public List<String> catalogFields() {
        return Stream.of(entity.stream(), user.stream(), groupsFilter.paths(), Stream.of(new FieldPath("relations.memberOf")))
                .flatMap(paths -> paths).map(FieldPath::catalogField).distinct().sorted().toList();
    }
}
