package io.insightsrelay.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.lang.Nullable;

/**
 * Tokens that stand in files, so that a new one takes effect without a restart: {@code backstage.tokenFile},
 * {@code deliver.spotify.apiTokenFile} and {@code relay.managementTokenFile} name the files of {@code backstage.token},
 * {@code deliver.spotify.apiToken} and {@code relay.managementToken}. The property is asked for with each request. A file that is missing or makes no sense stops the start; while the relay runs the
 * token that it held before stays.
 */
public final class TokenFiles implements EnvironmentPostProcessor, Ordered {

    /** Before {@link SandboxMode}, which asks whether there is a token. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE - 1;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        Map<String, TokenFile> files = new LinkedHashMap<>();
        for (String property : new String[] {"backstage.token", "deliver.spotify.apiToken", "relay.managementToken"}) {
            String file = environment.getProperty(property + "File", "");
            if (!file.isBlank()) {
                if (!environment.getProperty(property, "").isBlank()) {
                    throw new IllegalArgumentException(property + " and " + property + "File are both set; it has to be one of them");
                }
                files.put(property, new TokenFile(property, Path.of(file)));
            }
        }
        if (!files.isEmpty()) {
            environment.getPropertySources().addFirst(new Source(files));
        }
    }

    private static final class Source extends EnumerablePropertySource<Map<String, TokenFile>> {

        Source(Map<String, TokenFile> files) {
            super("tokenFiles", files);
        }

        @Override
        public String[] getPropertyNames() {
            return source.keySet().toArray(String[]::new);
        }

        @Override
        @Nullable
        public Object getProperty(String name) {
            TokenFile file = source.get(name);
            return file == null ? null : file.token();
        }
    }

    /** Thread-safe. */
    private static final class TokenFile {

        private static final Logger LOG = LoggerFactory.getLogger(TokenFiles.class);

        private final String property;
        private final Path path;
        private String token;
        private FileTime readAt;
        private String trouble;

        TokenFile(String property, Path path) {
            this.property = property;
            this.path = path;
            token();
            if (token == null) {
                throw new IllegalArgumentException(property + "File is " + path.toAbsolutePath() + ": " + trouble);
            }
        }

        synchronized String token() {
            try {
                FileTime changed = Files.getLastModifiedTime(path);
                if (!changed.equals(readAt)) {
                    String now = Files.readString(path).strip();
                    if (now.isEmpty() || !now.matches("[\\x21-\\x7e]+")) {
                        throw new IOException("it has to hold one token, of visible ASCII characters, and nothing else");
                    }
                    if (token != null && !now.equals(token)) {
                        LOG.info("{} is read anew from {}", property, path);
                    }
                    token = now;
                    readAt = changed;
                    trouble = null;
                }
            } catch (IOException e) {
                String reason = e instanceof NoSuchFileException ? "there is no such file" : String.valueOf(e.getMessage());
                if (token != null && !reason.equals(trouble)) {
                    LOG.warn("{} cannot be read from {}, the token from before stays: {}", property, path, reason);
                }
                trouble = reason;
            }
            return token;
        }
    }
}
