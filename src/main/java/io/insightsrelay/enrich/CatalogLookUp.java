package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.CatalogProperties;
import io.insightsrelay.catalog.FieldPath;
import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.Settings;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.lang.Nullable;

/**
 * Looks up what the events of the list in the body are about and who was signed in, and adds their fields, as the steps {@code lookUpEntities} and
 * {@code enrichEvents} do, with fields of its own. For routes/kamelets/catalog-look-up-action.kamelet.yaml. Set up before its first use, thread-safe
 * then.
 */
public final class CatalogLookUp implements Processor {

    /** What the settings make of it. */
    private record Steps(CapturedFields fields, EntityLookUp lookUp, Enricher enrich) {
    }

    private final Catalog catalog;
    private final Supplier<Steps> steps;
    @Nullable
    private List<FieldPath> entityFields;
    @Nullable
    private List<FieldPath> userFields;

    /** With the fields of the settings, as they are when events come. */
    public CatalogLookUp(Catalog catalog, LiveSettings settings) {
        this.catalog = catalog;
        steps = settings.follow(this::make);
    }

    /** Fields of the entity that an event is about, dotted paths with commas in between; empty leaves those of the settings. */
    public void setEntityFields(String paths) {
        entityFields = parse(paths);
    }

    /** Fields of the signed-in user, likewise; spec.memberOf stands for the groups. */
    public void setUserFields(String paths) {
        userFields = parse(paths);
    }

    @Nullable
    private static List<FieldPath> parse(String paths) {
        return paths.isBlank() ? null : Stream.of(paths.split(",", -1)).map(String::trim).map(FieldPath::new).distinct().toList();
    }

    private Steps make(Settings settings) {
        CapturedFields fields = CapturedFields.of(settings);
        fields = entityFields == null ? fields : fields.withEntity(entityFields);
        fields = userFields == null ? fields : fields.withUser(userFields);
        return new Steps(fields, new EntityLookUp(catalog, fields.groups(), settings.get(CatalogProperties.class).maxHold()), new Enricher(fields));
    }

    @Override
    public void process(Exchange exchange) throws InterruptedException {
        Steps current = steps.get();
        catalog.request(current.fields.catalogFields());
        current.lookUp.process(exchange);
        if (exchange.getException() == null) {
            current.enrich.process(exchange);
        }
    }
}
