package io.insightsrelay.config;

import java.util.Map;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

/** The relay's settings for a command that works without the relay. */
public final class CommandSettings {

    private CommandSettings() {
    }

    /** Reads application.yaml and the environment as the relay does. @param beans a configuration class with what the command needs of it */
    public static ConfigurableApplicationContext read(Class<?> beans) {
        SpringApplication application = new SpringApplication(beans);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        application.setLogStartupInfo(false);
        application.setDefaultProperties(Map.of("logging.level.io.insightsrelay", "WARN"));
        return application.run("--logging.level.root=WARN");
    }
}
