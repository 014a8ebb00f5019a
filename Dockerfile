# Build: docker build -t insights-relay .
# Run:   docker run -p 8080:8080 -v relay-data:/relay/data -e BACKSTAGE_BASE_URL=... -e BACKSTAGE_TOKEN=... \
#          -e SPOTIFY_BACKSTAGE_API_TOKEN=... insights-relay
# Hardened: --read-only --tmpfs /tmp:exec,size=64m --cap-drop ALL --security-opt no-new-privileges (docs/security.md)
# Operators mount their own routes/ or application.yaml over those in /relay.
FROM maven:3-eclipse-temurin-25 AS build
WORKDIR /build
COPY pom.xml application.yaml ./
COPY src src
RUN mvn -B -q -DskipTests package

FROM eclipse-temurin:25-jre
RUN useradd --system --uid 10001 --home-dir /relay relay && mkdir -p /relay/data && chown relay /relay/data && chmod 700 /relay/data
WORKDIR /relay
# docs/operating.md says what these do; set JDK_JAVA_OPTIONS to have others
ENV JDK_JAVA_OPTIONS="-XX:InitialHeapSize=128m -XX:MinHeapSize=32m -Xmx256m -XX:+UseG1GC -XX:G1PeriodicGCInterval=10000 -XX:MinHeapFreeRatio=20 -XX:MaxHeapFreeRatio=40 -XX:TrimNativeHeapInterval=30000 -XX:+ExitOnOutOfMemoryError" MALLOC_ARENA_MAX=2
# what changes the least first
COPY --from=build /build/target/lib app/lib
COPY --from=build /build/target/insights-relay.jar app/
COPY application.yaml aot-cache.sh ./
COPY routes routes
# the cache fits only the JVM and the jars that it was made with: it is made here, where they are
RUN bash aot-cache.sh app
USER 10001
VOLUME /relay/data
EXPOSE 8080
# the management port stays on the container's loopback; probes run inside (or set RELAY_MANAGEMENT_HOST and RELAY_MANAGEMENT_TOKEN)
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8081 && printf 'GET /actuator/health/readiness HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q ' 200'"]
ENTRYPOINT ["java", "-XX:AOTCache=app/insights-relay.aot", "-jar", "app/insights-relay.jar"]
