package io.insightsrelay.spool;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.spi.annotations.Component;

/** The {@code spool:} component: a durable log to append to and to consume in batches. Uses the one {@link SpoolStore} in the registry. */
@Component("spool")
public final class SpoolComponent extends DefaultComponent {

    private SpoolStore store;

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        SpoolEndpoint endpoint = new SpoolEndpoint(uri, this, SpoolLog.checkName("log", remaining));
        setProperties(endpoint, parameters);
        return endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        if (store == null) {
            store = CamelContextHelper.mandatoryFindSingleByType(getCamelContext(), SpoolStore.class);
        }
    }

    SpoolStore store() {
        return store;
    }

    /** The store in use; null before the start, where none was set. */
    public SpoolStore getStore() {
        return store;
    }

    /** The store to use instead of the one in the registry. */
    public void setStore(SpoolStore store) {
        this.store = store;
    }
}
