package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** As in {@code docker run --read-only --tmpfs /tmp:exec --cap-drop ALL --user 10001}: a root file system that cannot be written, no root, no capabilities. */
class ReadOnlyIT {

    /** Runs what follows in a view of the file system where only two folders can be written, as another user. */
    private static final String CONFINE = """
            set -e
            mount --make-rprivate /
            mount --bind "$DATA" "$DATA"
            mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev tmpfs "$SCRATCH"
            # every other mount, the root last
            for point in $(cut -d' ' -f2 /proc/self/mounts | sort -r | uniq); do
              case "$point" in "$DATA"|"$SCRATCH"|/proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$point" || true ;; esac
            done
            if touch /confined-after-all 2> /dev/null || touch "$OUTSIDE/confined-after-all" 2> /dev/null; then exit 77; fi
            exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
            """;

    @TempDir
    Path folder;

    @Test
    void theRelayNeedsNeitherRootNorAFileSystemThatCanBeWritten() throws Exception {
        Tools.require("unshare");
        Tools.require("setpriv");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path data = Files.createDirectory(folder.resolve("data"));
        Path scratch = Files.createDirectory(folder.resolve("scratch"));
        Tools.run("chown", "10001:10001", data.toString());
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
        try (Installation installation = new Installation(folder)) {
            installation.relay.with("DATA", data).with("SCRATCH", scratch).with("OUTSIDE", folder).with("JDK_JAVA_OPTIONS", "-Djava.io.tmpdir=" + scratch)
                    .below("unshare", "--mount", "sh", "-c", CONFINE, "confined");
            installation.start();
            installation.post(2_000);
            installation.awaitDrained(Duration.ofSeconds(60));
            assertThat(installation.check()).isZero();
            assertThat(installation.delivered()).isEqualTo(2_000);
            String status = Files.readString(Path.of("/proc", String.valueOf(installation.relay.jvm().pid()), "status"));
            assertThat(status).containsPattern("Uid:\\s+10001\\s+10001").containsPattern("CapEff:\\s+0000000000000000").containsPattern("CapBnd:\\s+0000000000000000")
                    .containsPattern("NoNewPrivs:\\s+1");
            assertThat(installation.relay.stop()).isZero();
            assertThat(installation.relay.log()).doesNotContain("Read-only file system", "Permission denied", "\tat ");
            System.out.println("read-only: 2000 events delivered as uid 10001, no capabilities, only the data folder and a tmpfs writable");
        }
    }
}
