package io.insightsrelay.enrich;

import io.insightsrelay.catalog.BackstageBlock;
import io.insightsrelay.catalog.EntityFilter;
import io.insightsrelay.catalog.FieldPath;
import io.insightsrelay.config.Settings;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.apache.camel.Exchange;

/**
 * What is captured of entities and users: the configured fields and those of Backstage's block.
 *
 * @param entity       paths into the entity that an event is about
 * @param user         paths into the user, without spec.memberOf
 * @param groups       whether the user's groups are captured
 * @param groupsFilter which of them
 */
public record CapturedFields(List<FieldPath> entity, List<FieldPath> user, boolean groups, EntityFilter groupsFilter) {

    private static final FieldPath MEMBER_OF = new FieldPath("spec.memberOf");

    static CapturedFields of(Settings settings) {
        EnrichProperties properties = settings.get(EnrichProperties.class);
        BackstageBlock block = BackstageBlock.of(settings);
        return new CapturedFields(join(properties.entityFields(), block.captureEntityFields()), List.of(), false, block.captureIdentityGroupsFilter())
                .withUser(join(properties.userFields(), block.captureIdentityFields()));
    }

    /** The same with other fields of the entity. */
    CapturedFields withEntity(List<FieldPath> fields) {
        return new CapturedFields(fields, user, groups, groupsFilter);
    }

    /** The same with other fields of the user; spec.memberOf among them stands for the groups. */
    CapturedFields withUser(List<FieldPath> fields) {
        return new CapturedFields(entity, fields.stream().filter(path -> !path.equals(MEMBER_OF)).toList(), fields.contains(MEMBER_OF), groupsFilter);
    }

    /** The same with another filter of groups. */
    CapturedFields withGroupsFilter(EntityFilter filter) {
        return new CapturedFields(entity, user, groups, filter);
    }

    private static List<FieldPath> join(List<String> configured, List<FieldPath> more) {
        return Stream.concat(configured.stream().map(FieldPath::new), more.stream()).distinct().toList();
    }

    /**
     * What the route that an exchange is in captures besides: its exchange properties {@code captureEntityFields} and
     * {@code captureIdentityFields}, each a list of paths, or a text with commas between them.
     *
     * @throws IllegalArgumentException if something in it is no path, or spec.memberOf, whose groups only application.yaml can ask for
     */
    static CapturedFields askedBy(Exchange exchange) {
        List<FieldPath> user = paths(exchange, "captureIdentityFields");
        if (user.contains(MEMBER_OF)) {
            throw new IllegalArgumentException("the exchange property captureIdentityFields holds spec.memberOf; "
                    + "enrich.userFields in application.yaml says whether groups are captured");
        }
        return new CapturedFields(paths(exchange, "captureEntityFields"), user, false, EntityFilter.ALL);
    }

    private static List<FieldPath> paths(Exchange exchange, String property) {
        Object value = exchange.getProperty(property);
        if (value == null) {
            return List.of();
        }
        Stream<?> paths = value instanceof Collection<?> list ? list.stream() : Stream.of(value.toString().split(","));
        return paths.map(path -> new FieldPath(String.valueOf(path).strip())).distinct().toList();
    }

    /** What is captured, what the filter looks at, and the relations to groups. */
    public List<String> catalogFields() {
        return Stream.of(entity.stream(), user.stream(), groupsFilter.paths(), Stream.of(new FieldPath("relations.memberOf")))
                .flatMap(paths -> paths).map(FieldPath::catalogField).distinct().sorted().toList();
    }
}
