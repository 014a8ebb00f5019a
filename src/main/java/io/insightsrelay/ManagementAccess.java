package io.insightsrelay;

import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Principal;
import java.util.Map;
import java.util.Set;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpHeaders;
import org.springframework.lang.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Who may use the program's management port. On loopback everybody of this machine, unless {@code relay.managementToken} is set; on any other
 * address whoever sends that token as Bearer, or has a certificate that {@code server.ssl} demands. The health probes are open to all,
 * without details. Web pages are kept out also where no token is asked for: a browser beside the relay would carry their requests.
 * Thread-safe.
 */
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
class ManagementAccess extends OncePerRequestFilter implements Ordered {

    /** In the spelling that finds every other one. */
    private static final String TOKEN = "relay.management-token";

    private static final int SHORTEST_TOKEN = 16;
    /** As they stand in the request line: whatever is spelled another way is not open. */
    private static final Set<String> OPEN = Set.of("/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness");
    private static final String BEARER = "bearer ";
    /** Health shows its details to whoever is somebody. */
    private static final Principal OPERATOR = () -> "operator";

    private final Environment environment;
    private final ObjectMapper mapper;
    private final boolean certificates;
    /** As it was at the start: that somebody takes the token away later opens nothing. */
    private final boolean guarded;

    /** @throws IllegalArgumentException if the port would be open to others than this machine, or the token is too weak */
    ManagementAccess(Environment environment, ObjectMapper mapper) {
        this.environment = environment;
        this.mapper = mapper;
        this.certificates = "need".equalsIgnoreCase(environment.getProperty("server.ssl.client-auth", ""))
                && environment.getProperty("server.ssl.enabled", Boolean.class, true);
        String token = token();
        this.guarded = !token.isEmpty();
        if (guarded && (token.length() < SHORTEST_TOKEN || !token.matches("[\\x21-\\x7e]*"))) {
            throw new IllegalArgumentException("relay.managementToken (RELAY_MANAGEMENT_TOKEN) needs at least " + SHORTEST_TOKEN
                    + " characters, visible ASCII only, such as openssl rand -hex 32 prints");
        }
        String address = environment.getProperty("server.address", "");
        if (!guarded && !certificates && !isLoopback(address)) {
            throw new IllegalArgumentException("server.address (RELAY_MANAGEMENT_HOST) is " + (address.isEmpty() ? "every address" : address)
                    + ", so others than this machine could read and delete dead letters; set relay.managementToken (RELAY_MANAGEMENT_TOKEN or"
                    + " RELAY_MANAGEMENT_TOKEN_FILE), or demand client certificates (server.ssl.client-auth: need), or leave it at 127.0.0.1");
        }
        String other = environment.getProperty("management.server.port", "");
        if (!other.isEmpty() && !other.equals(environment.getProperty("server.port"))) {
            throw new IllegalArgumentException("management.server.port is " + other + ", which would be a server of its own that asks for no token;"
                    + " the management port is server.port (RELAY_MANAGEMENT_PORT)");
        }
    }

    private static boolean isLoopback(String address) {
        try {
            return !address.isEmpty() && InetAddress.getByName(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Before every other filter: nobody else reads a request that is refused. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) throws ServletException, IOException {
        if (guarded ? isEqual(token(), bearer(request)) : isOfThisMachine(request)) {
            chain.doFilter(new HttpServletRequestWrapper(request) {
                @Override
                public Principal getUserPrincipal() {
                    return OPERATOR;
                }
            }, response);
        } else if (OPEN.contains(request.getRequestURI()) && (request.getMethod().equals("GET") || request.getMethod().equals("HEAD"))) {
            chain.doFilter(request, response);
        } else if (!guarded) {
            refuse(response, HttpServletResponse.SC_FORBIDDEN, "ForbiddenError",
                    "The management port is not for web pages, nor for other names than localhost; set relay.managementToken to reach it otherwise");
        } else {
            response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
            refuse(response, HttpServletResponse.SC_UNAUTHORIZED, "AuthenticationError", "Send the management token (relay.managementToken) as Authorization: Bearer");
        }
    }

    /** May be read anew from its file. */
    private String token() {
        return environment.getProperty(TOKEN, "");
    }

    /** A page has its own origin in the request, and where it took over a name of this machine (DNS rebinding) its own host. */
    private boolean isOfThisMachine(HttpServletRequest request) {
        return request.getHeader(HttpHeaders.ORIGIN) == null && (certificates || isLoopbackName(request.getServerName()));
    }

    /** Asks no name server: only literals, and the one name that stands for them. */
    private static boolean isLoopbackName(String host) {
        return host.equalsIgnoreCase("localhost") || host.matches("127(\\.\\d{1,3}){3}") || host.equals("[::1]") || host.equals("::1");
    }

    @Nullable
    private static String bearer(HttpServletRequest request) {
        String header = request.getHeader(HttpHeaders.AUTHORIZATION);
        return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length()) ? header.substring(BEARER.length()).trim() : null;
    }

    /** By hash, so that the time taken tells neither the token nor its length. */
    private static boolean isEqual(String token, @Nullable String sent) {
        return sent != null && !token.isEmpty() && MessageDigest.isEqual(sha256(token), sha256(sent));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private void refuse(HttpServletResponse response, int status, String name, String message) throws IOException {
        response.setStatus(status);
        response.setContentType("application/json");
        mapper.writeValue(response.getOutputStream(), Map.of("error", Map.of("name", name, "message", message), "status", status));
    }
}
