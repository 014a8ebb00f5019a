package com.example.shop;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.util.List;
import org.apache.camel.Processor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.scheduling.annotation.Scheduled;

/** An application as any other. Nothing in it prepares for the relay, but {@link #addBrowserHeaders}. */
@SpringBootApplication
public class Shop {

    public static void main(String[] arguments) {
        SpringApplication.run(Shop.class, arguments);
    }

    /** No dates, and names in snake case: not what the relay would want for itself. */
    @Bean
    ObjectMapper objectMapper() {
        return new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
    }

    /** The catalog of the shop. */
    @Bean
    List<String> catalog() {
        return List.of("apples", "pears");
    }

    /** In place of the relay's. */
    @Bean
    Processor addBrowserHeaders() {
        return exchange -> exchange.getMessage().setHeader("X-Shop", "yes");
    }

    /** Scheduling is not on in this application. */
    @Scheduled(fixedDelay = 1)
    void never() {
        throw new IllegalStateException("somebody has switched scheduling on");
    }
}
