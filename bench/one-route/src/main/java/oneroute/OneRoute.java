package oneroute;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the route in resources/camel. */
@SpringBootApplication
public class OneRoute {

    public static void main(String[] arguments) {
        SpringApplication.run(OneRoute.class, arguments);
    }
}
