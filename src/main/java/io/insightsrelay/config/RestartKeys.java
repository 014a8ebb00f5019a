package io.insightsrelay.config;

import java.util.List;
import java.util.Locale;

/** Which settings take a restart. All others, those that only an operator's own routes know included, take effect at once. */
public final class RestartKeys {

    /** Keys, with everything below them. */
    private static final List<String> RESTART = List.of("relay", "backstage.baseUrl", "auth.issuer", "auth.pluginAudience", "auth.clockSkew", "auth.cachedTokens",
            "auth.pendingTokens", "auth.keys", "ingest.maxBody", "ingest.idleTimeout", "ingest.dedupe", "ingest.cors", "ingest.rateLimit", "spool", "kafka", "catalog.maxEntities", "catalog.maxBody",
            "catalog.totalUsersTtl", "server", "management", "camel", "logging", "spring");
    private static final List<String> AT_ONCE = List.of("logging.level");

    private RestartKeys() {
    }

    /** Whether a change of this key takes a restart; it may be written in any way that Spring Boot allows. */
    public static boolean contains(String key) {
        return below(key, RESTART) && !below(key, AT_ONCE);
    }

    private static boolean below(String key, List<String> prefixes) {
        return prefixes.stream().map(RestartKeys::plain).anyMatch(prefix -> plain(key).equals(prefix) || plain(key).startsWith(prefix + ".") || plain(key).startsWith(prefix + "["));
    }

    private static String plain(String key) {
        return key.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
    }
}
