package com.example.worker;

import org.apache.camel.builder.RouteBuilder;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** An application with a route and no web server. */
@SpringBootApplication
public class Worker {

    public static void main(String[] arguments) {
        SpringApplication.run(Worker.class, arguments);
    }

    @Bean
    RouteBuilder work() {
        return new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:work").routeId("work").setBody(constant("done"));
            }
        };
    }
}
