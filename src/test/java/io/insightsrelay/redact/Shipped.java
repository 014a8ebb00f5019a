package io.insightsrelay.redact;

import java.io.IOException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.FileSystemResource;

/** The settings of application.yaml. */
final class Shipped {

    private Shipped() {
    }

    static RedactProperties properties() {
        try {
            StandardEnvironment environment = new StandardEnvironment();
            new YamlPropertySourceLoader().load("application.yaml", new FileSystemResource("application.yaml"))
                    .forEach(source -> environment.getPropertySources().addLast(source));
            return Binder.get(environment).bind("redact", RedactProperties.class).get();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
