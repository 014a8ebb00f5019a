package sameparts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import java.net.http.HttpClient;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.validation.annotation.Validated;

/** Starts the route in resources/camel, and what the relay has beside its own classes: checked settings, a database, clients, a cache. */
@SpringBootApplication(proxyBeanMethods = false)
@EnableConfigurationProperties(SameParts.Parts.class)
public class SameParts {

    @Validated
    @ConfigurationProperties("parts")
    record Parts(@Min(1) @Max(65535) int port, @NotBlank String file) {
    }

    public static void main(String[] arguments) {
        SpringApplication.run(SameParts.class, arguments);
    }

    @Bean
    CamelContextConfiguration server(Parts parts) {
        return new CamelContextConfiguration() {
            @Override
            public void beforeApplicationStart(CamelContext context) {
                VertxPlatformHttpServerConfiguration configuration = new VertxPlatformHttpServerConfiguration();
                configuration.setBindHost("127.0.0.1");
                configuration.setBindPort(parts.port());
                try {
                    context.addService(new VertxPlatformHttpServer(configuration));
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public void afterApplicationStart(CamelContext context) {
                // nothing
            }
        };
    }

    @Bean
    Connection database(Parts parts) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + parts.file());
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA journal_mode = WAL");
            statement.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, event BLOB)");
        }
        return connection;
    }

    @Bean
    HttpClient keys() {
        return HttpClient.newHttpClient();
    }

    @Bean
    Cache<String, String> entities() {
        Cache<String, String> cache = Caffeine.newBuilder().maximumSize(1000).build();
        cache.put("one", "one");
        return cache;
    }
}
