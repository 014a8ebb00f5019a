package io.insightsrelay;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the relay. */
@SpringBootApplication
public class InsightsRelay {

    /** Starts Spring Boot, which starts Camel, which loads the routes. */
    public static void main(String[] arguments) {
        SpringApplication.run(InsightsRelay.class, arguments);
    }
}
