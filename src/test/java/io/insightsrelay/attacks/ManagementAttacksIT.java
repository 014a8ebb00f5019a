package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.RelayProcess;
import io.insightsrelay.testing.TestServer;
import io.insightsrelay.testing.Tools;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The management port, from its own machine and from others, and every place where a secret could show. */
class ManagementAttacksIT {

    private static final String TOKEN = "management-secret-0123456789";
    private static final List<String> SECRETS = List.of(TOKEN, "catalog-secret-0123456789", "spotify-secret-0123456789", "static-secret-0123456789", "salt-secret-0123456789");

    @TempDir
    Path folder;
    private final TestServer spotify = new TestServer();
    private final AttackTable attacks = new AttackTable("management port");
    private RelayProcess relay;

    @BeforeEach
    void prepare() {
        spotify.behave(request -> TestServer.status(400));
        relay = new RelayProcess(folder).with("BACKSTAGE_BASE_URL", "http://127.0.0.1:" + TestServer.freePort()).with("BACKSTAGE_TOKEN", SECRETS.get(1))
                .with("SPOTIFY_BACKSTAGE_API_TOKEN", SECRETS.get(2)).with("SPOTIFY_BASE_URL", spotify.url()).with("RELAY_IDENTITY_SALT", SECRETS.get(4))
                .with("AUTH_STATICTOKENS_0_TOKEN", SECRETS.get(3)).with("AUTH_STATICTOKENS_0_SUBJECT", "service:default/importer").with("CATALOG_MAXHOLD", "1s");
    }

    @AfterEach
    void close() {
        relay.close();
        spotify.close();
    }

    private String get(String path, String headers) {
        return Wire.send(relay.managementPort(), "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
    }

    private int status(String path, String headers) {
        List<Integer> statuses = Wire.statuses(get(path, headers));
        return statuses.isEmpty() ? 0 : statuses.get(0);
    }

    private static String bearer(String token) {
        return "Authorization: Bearer " + token + "\r\n";
    }

    @Test
    void onLoopbackItServesThisMachineButNoWebPage() {
        relay.start();
        attacks.row("(curl on this machine)", 200, status("/management/dead-letters", ""));
        attacks.row("a page that posts here (Origin)", 403, relay.manage("POST", "/management/dead-letters/replay", "Origin", "https://evil.example.com").statusCode());
        attacks.row("a page that deletes here (Origin: null)", 403, relay.manage("DELETE", "/management/dead-letters?all=true", "Origin", "null").statusCode());
        attacks.row("a page that took over a name of this machine (DNS rebinding)", 403, Wire.status(relay.managementPort(),
                "GET /management/dead-letters HTTP/1.1\r\nHost: rebound.example.com:8081\r\nConnection: close\r\n\r\n"));
        attacks.row("the same with a name that looks like loopback", 403, Wire.status(relay.managementPort(),
                "GET /management/dead-letters HTTP/1.1\r\nHost: 127.0.0.1.example.com\r\nConnection: close\r\n\r\n"));
        attacks.row("two Host headers", 400, Wire.status(relay.managementPort(), "GET /management/dead-letters HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n"));
        for (String path : List.of("/actuator/heapdump", "/actuator/threaddump", "/actuator/configprops", "/actuator/loggers", "/actuator/shutdown", "/actuator/beans",
                "/actuator/mappings", "/actuator/httpexchanges", "/actuator/logfile")) {
            attacks.row(path, 404, status(path, ""));
        }
        attacks.check();
    }

    @Test
    void openToOthersItAsksForTheToken() throws Exception {
        refusedToStart("bound to every address without a token", "RELAY_MANAGEMENT_TOKEN", "0.0.0.0");
        refusedToStart("bound to every IPv6 address without a token", "RELAY_MANAGEMENT_TOKEN", "::");
        relay.with("RELAY_MANAGEMENT_TOKEN", "too-short");
        refusedToStart("a token that can be guessed", "at least 16 characters", "0.0.0.0");
        Path file = Files.writeString(folder.resolve("management-token"), TOKEN + "\n");
        relay.with("RELAY_MANAGEMENT_HOST", "0.0.0.0").without("RELAY_MANAGEMENT_TOKEN").with("RELAY_MANAGEMENT_TOKEN_FILE", file).start();

        attacks.row("(the token)", 200, status("/management/spool", bearer(TOKEN)));
        for (String path : List.of("/management/spool", "/management/routes", "/management/dead-letters", "/actuator", "/actuator/env", "/actuator/prometheus", "/actuator/info",
                "/actuator/health/spool", "/nowhere", "/")) {
            attacks.row(path + " without a token", 401, status(path, ""));
        }
        for (String tricky : List.of("/actuator/health/../env", "/actuator/health/..;/env", "/actuator/health;/../env", "/actuator/health/%2e%2e/env", "/actuator/health%2f..%2fenv",
                "//actuator/env", "/actuator/./env", "/actuator/health/readiness/..;x=y/..;x=y/env", "/ACTUATOR/ENV", "/actuator/health/readiness;/management/spool",
                "http://localhost/management/spool", "/management/spool?/actuator/health", "/management/spool#/actuator/health", "/actuator/health/liveness/%00")) {
            int status = status(tricky, "");
            attacks.row(tricky, "400, 401 or 404", String.valueOf(status), List.of(400, 401, 404).contains(status));
        }
        for (String method : List.of("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE")) {
            int status = Wire.status(relay.managementPort(), method + " /management/dead-letters?all=true HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n"
                    + "X-HTTP-Method-Override: GET\r\n\r\n");
            attacks.row(method + " without a token", "401 or 405", String.valueOf(status), status == 401 || method.equals("TRACE") && status == 405);
        }
        attacks.row("POST to a health probe", 401, relay.manage("POST", "/actuator/health").statusCode());
        for (String wrong : List.of(TOKEN.substring(1), TOKEN + "x", TOKEN.toUpperCase(java.util.Locale.ROOT), "null", "''")) {
            attacks.row("token " + wrong.replace(TOKEN, "(right)"), 401, status("/management/spool", bearer(wrong)));
        }
        attacks.row("an empty token", 401, status("/management/spool", "Authorization: Bearer \r\n"));
        attacks.row("the token as a parameter", 401, status("/management/spool?token=" + TOKEN, ""));
        for (String probe : List.of("/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness")) {
            String answer = get(probe, "");
            attacks.row("probe " + probe, "200 or 503, no details", Wire.statuses(answer) + (answer.contains("components") || answer.contains("details") ? " with details" : " without details"),
                    List.of(200, 503).contains(Wire.statuses(answer).get(0)) && !answer.contains("components") && !answer.contains("details"));
        }
        attacks.row("(health with the token shows details)", true, get("/actuator/health", bearer(TOKEN)).contains("destinations"));

        int before = relay.log().length();
        assertThat(relay.launchBeside("dead-letters", "list").onExit().join().exitValue()).isZero();
        assertThat(relay.log().substring(before)).contains("0 dead letters");
        attacks.row("(dead-letters list finds the token)", true, true);
        relay.without("RELAY_MANAGEMENT_TOKEN_FILE").with("RELAY_MANAGEMENT_TOKEN", "another-token-altogether");
        before = relay.log().length();
        attacks.row("dead-letters list with another token", 1, relay.launchBeside("dead-letters", "list").onExit().join().exitValue());
        assertThat(relay.log().substring(before)).contains("management token").doesNotContain("\tat ", "another-token-altogether");

        Files.writeString(folder.resolve("next"), "the-token-that-comes-next\n");
        Files.move(folder.resolve("next"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        await().atMost(Duration.ofSeconds(10)).until(() -> status("/management/spool", bearer("the-token-that-comes-next")) == 200);
        attacks.row("the token from before it was replaced in its file", 401, status("/management/spool", bearer(TOKEN)));
        attacks.check();
    }

    private void refusedToStart(String attack, String reason, String address) {
        relay.with("RELAY_MANAGEMENT_HOST", address).launch();
        int code = relay.awaitExit();
        attacks.row(attack, "does not start, says why", code == 1 && relay.log().contains(reason) ? "does not start, says why" : "exit code " + code);
        assertThat(relay.log()).doesNotContain("\tat ", "too-short");
        relay.with("RELAY_MANAGEMENT_HOST", "127.0.0.1");
    }

    @Test
    void openToOthersItTakesAClientCertificateInstead() throws Exception {
        String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Path store = folder.resolve("store.p12");
        assertThat(Tools.run(keytool, "-genkeypair", "-alias", "relay", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "san=dns:localhost,ip:127.0.0.1", "-validity", "2",
                "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", "changeit")).isZero();
        Path certificate = folder.resolve("relay.cer");
        Path trusted = folder.resolve("trusted.p12");
        assertThat(Tools.run(keytool, "-exportcert", "-alias", "relay", "-file", certificate.toString(), "-keystore", store.toString(), "-storepass", "changeit")).isZero();
        assertThat(Tools.run(keytool, "-importcert", "-noprompt", "-alias", "relay", "-file", certificate.toString(), "-storetype", "PKCS12", "-keystore", trusted.toString(),
                "-storepass", "changeit")).isZero();
        relay.with("RELAY_MANAGEMENT_HOST", "0.0.0.0").with("SERVER_SSL_CLIENTAUTH", "want").launch();
        attacks.row("a certificate that is only wished for", 1, relay.awaitExit());
        relay.with("SERVER_SSL_CLIENTAUTH", "need").with("SERVER_SSL_KEYSTORE", store).with("SERVER_SSL_KEYSTOREPASSWORD", "changeit")
                .with("SERVER_SSL_TRUSTSTORE", trusted).with("SERVER_SSL_TRUSTSTOREPASSWORD", "changeit").launch();
        HttpClient known = HttpClient.newBuilder().sslContext(context(store, true)).build();
        HttpClient stranger = HttpClient.newBuilder().sslContext(context(store, false)).build();
        await().atMost(Duration.ofSeconds(120)).ignoreExceptions().until(() -> tls(known, "/actuator/health/readiness").equals("200"));
        attacks.row("(a client with a certificate)", 200, tls(known, "/management/spool"));
        attacks.row("a client without one", "no connection", tls(stranger, "/management/spool"));
        attacks.row("plain HTTP", 400, status("/management/spool", ""));
        attacks.check();
    }

    private String tls(HttpClient client, String path) throws InterruptedException {
        try {
            return String.valueOf(client.send(HttpRequest.newBuilder(URI.create("https://localhost:" + relay.managementPort() + path)).timeout(Duration.ofSeconds(10)).build(),
                    BodyHandlers.discarding()).statusCode());
        } catch (IOException e) {
            return "no connection";
        }
    }

    private static SSLContext context(Path store, boolean withKey) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("relay", keys.getCertificate("relay"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(withKey ? own.getKeyManagers() : null, trust.getTrustManagers(), null);
        return context;
    }

    @Test
    void noSecretShowsAnywhere() throws Exception {
        relay.with("RELAY_MANAGEMENT_TOKEN", TOKEN).start();
        assertThat(relay.post("/v1/events", "{\"action\":\"click\",\"subject\":\"x\"}", "Authorization", "Bearer " + SECRETS.get(3)).statusCode()).isEqualTo(202);
        await().atMost(Duration.ofSeconds(60)).until(() -> relay.manage("GET", "/management/dead-letters", "Authorization", "Bearer " + TOKEN).body().contains("\"total\":1"));
        for (String path : List.of("/actuator/env", "/actuator/env/backstage.token", "/actuator/env/RELAY_MANAGEMENT_TOKEN", "/actuator/info", "/actuator/health", "/actuator/prometheus",
                "/management/routes", "/management/spool", "/management/dead-letters")) {
            attacks.row(path + ", with the token", "no secret", shown(relay.manage("GET", path, "Authorization", "Bearer " + TOKEN).body()));
        }
        attacks.row("an error of the ingest port", "no secret", shown(relay.post("/v1/events", "{", "Authorization", "Bearer " + SECRETS.get(3)).body()
                + relay.post("/v1/events", "{}", "Authorization", "Bearer " + SECRETS.get(3) + "x").body()));
        String line = Files.readString(Path.of("/proc", String.valueOf(relay.jvm().pid()), "cmdline"));
        attacks.row("the process list", "no secret", shown(line));
        relay.stop();
        StringBuilder stored = new StringBuilder();
        try (Stream<Path> files = Files.walk(relay.dataDir())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                stored.append(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        }
        assertThat(stored).contains("click");
        attacks.row("the data folder, dead letter included", "no secret", shown(stored.toString()));
        attacks.row("the log", "no secret", shown(relay.log()));
        attacks.check();
    }

    private static String shown(String text) {
        assertThat(text).isNotEmpty();
        List<String> shown = SECRETS.stream().filter(text::contains).toList();
        return shown.isEmpty() ? "no secret" : shown.toString();
    }
}
