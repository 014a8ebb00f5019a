package io.insightsrelay;

import io.insightsrelay.boot.AutoConfigurations;
import io.insightsrelay.config.SettingsSection;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.validation.Validator;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import picocli.CommandLine;
import sun.misc.Signal;

/** The program: starts the relay, which is {@link InsightsRelayAutoConfiguration}, or runs one of its commands. */
@SpringBootConfiguration(proxyBeanMethods = false)
@Import({AutoConfigurations.class, GracefulStop.class, ManagementErrors.class, ManagementAccess.class})
public class InsightsRelay {

    /** Has Spring MVC take the validator of the settings, and not make one of its own. */
    @Bean
    static WebMvcConfigurer oneValidator() {
        return new WebMvcConfigurer() {
            @Override
            public Validator getValidator() {
                return SettingsSection.CONSTRAINTS;
            }
        };
    }

    /** Without arguments, or with nothing but Spring's {@code --key=value}, starts the relay. */
    public static void main(String[] arguments) {
        if (arguments.length > 0 && !arguments[0].contains("=") && !arguments[0].equals("--debug")) {
            System.exit(new CommandLine(new Commands()).execute(arguments));
        }
        ConfigurableApplicationContext context = SpringApplication.run(InsightsRelay.class, arguments);
        // by itself the JVM answers SIGTERM with exit code 143; a stop that was asked for is no failure
        Signal.handle(new Signal("TERM"), signal -> {
            context.getBean(GracefulStop.class).giveUpAtDeadline();
            System.exit(0);
        });
    }
}
