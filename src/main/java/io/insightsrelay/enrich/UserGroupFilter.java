package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.EntityFilter;
import io.insightsrelay.catalog.FieldPath;
import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.Settings;
import java.util.function.Supplier;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.service.ServiceSupport;
import org.springframework.lang.Nullable;

/**
 * Adds to each event of the list in the body the groups of its user, as the step {@code filterGroups} does, with a filter of its own. For
 * routes/kamelets/group-filter-action.kamelet.yaml. Set up before it starts, thread-safe then.
 */
public final class UserGroupFilter extends ServiceSupport implements Processor {

    private final Catalog catalog;
    private final Supplier<GroupFilter> step;
    @Nullable
    private EntityFilter filter;

    /** With the filter of the settings, as they are when events come. */
    public UserGroupFilter(Catalog catalog, LiveSettings settings) {
        this.catalog = catalog;
        step = settings.follow(this::make);
    }

    /**
     * Another filter, in the form of Backstage's {@code filter} query parameter; empty leaves that of the settings.
     *
     * @throws IllegalArgumentException if it is none; says what is allowed
     */
    public void setFilter(String query) {
        filter = query.isBlank() ? null : EntityFilter.parse(query);
    }

    /** So that the look-up before this step asks for what the filter looks at. */
    @Override
    protected void doStart() {
        if (filter != null) {
            catalog.request(filter.paths().map(FieldPath::catalogField).distinct().toList());
        }
    }

    private GroupFilter make(Settings settings) {
        CapturedFields fields = CapturedFields.of(settings);
        return new GroupFilter(filter == null ? fields : fields.withGroupsFilter(filter));
    }

    @Override
    public void process(Exchange exchange) {
        step.get().process(exchange);
    }
}
