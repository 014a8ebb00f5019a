package io.insightsrelay;

import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.spool.SpoolStore;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * How the program stops. Readiness goes down first, while everything still works, so that a load balancer has
 * {@code relay.stopDelay} to notice; then the routes stop within {@code camel.main.shutdownTimeout}: requests in flight are
 * answered, batches in flight are finished or stay in the spool. A damaged spool ends it too, for the next start salvages that.
 */
class GracefulStop {

    private static final Logger LOG = LoggerFactory.getLogger("io.insightsrelay");
    private static final Duration MARGIN = Duration.ofSeconds(15);
    /** EX_IOERR of sysexits.h. */
    private static final int EXIT_DAMAGED = 74;

    private final Duration delay;
    private final Duration deadline;

    GracefulStop(RelayProperties relay, ObjectProvider<SpoolStore> embedded, @Value("${camel.main.shutdownTimeout}") int shutdownTimeout) {
        delay = relay.stopDelay();
        deadline = delay.plusSeconds(shutdownTimeout).plus(MARGIN);
        embedded.ifAvailable(store -> store.whenDamaged(GracefulStop::endDamaged));
    }

    private static void endDamaged() {
        LOG.error("THE SPOOL IS DAMAGED. The relay ends with exit code {}; when it is started again it salvages what can be read.", EXIT_DAMAGED);
        new Thread(() -> System.exit(EXIT_DAMAGED), "spool-damaged").start();
    }

    /** Spring has set readiness to refusing already; nothing has stopped yet. */
    @EventListener
    @Order(Ordered.HIGHEST_PRECEDENCE)
    void waitForLoadBalancer(ContextClosedEvent closed) {
        if (!delay.isZero()) {
            LOG.info("The relay stops. Readiness is down; events are accepted for another {} s (relay.stopDelay)", delay.toMillis() / 1000.0);
            sleep(delay);
        }
    }

    /** A stop always ends. What is acknowledged is on disk, so ending it by force loses nothing. */
    void giveUpAtDeadline() {
        Thread watch = new Thread(() -> {
            sleep(deadline);
            LOG.error("The relay did not stop within {} s and is ended by force; nothing acknowledged is affected", deadline.toSeconds());
            Runtime.getRuntime().halt(1);
        }, "stop-deadline");
        watch.setDaemon(true);
        watch.start();
    }

    private static void sleep(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
