package io.insightsrelay.deadletter;

import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolProperties;
import io.insightsrelay.spool.SpoolStore;
import java.nio.file.Files;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;

/** The data folder of a stopped relay, or the relay that is running on it. */
@ConditionalOnProperty(name = "relay.engine", havingValue = "embedded")
final class EmbeddedDeadLetterAccess implements DeadLetterAccess {

    private final RelayProperties relay;
    private final SpoolProperties spool;

    EmbeddedDeadLetterAccess(RelayProperties relay, SpoolProperties spool) {
        this.relay = relay;
        this.spool = spool;
    }

    @Override
    public Opened open() {
        if (Files.notExists(relay.dataDir().resolve("spool.db"))) {
            throw new SpoolException("There is no spool in " + relay.dataDir().toAbsolutePath() + "; RELAY_DATA_DIR says where the relay keeps it");
        }
        if (SpoolStore.isInUse(relay.dataDir())) {
            return new Opened(null, true, () -> { });
        }
        SpoolStore store = new SpoolStore(relay.dataDir(), spool);
        return new Opened(new EmbeddedDeadLetters(store), false, store::close);
    }
}
