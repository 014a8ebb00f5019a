import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * What the disk gives: writes of a few pages, in place as in a write-ahead log that has been begun anew, each with an fsync. Prints the median and the
 * 99th percentile of a write and its fsync, and the CPU that they take, in microseconds. Arguments: a file to use, bytes a write, writes.
 */
public class Sync {

    private static final long LOG = 8L << 20;

    public static void main(String[] arguments) throws Exception {
        Path path = Path.of(arguments[0]);
        ByteBuffer bytes = ByteBuffer.allocateDirect(Integer.parseInt(arguments[1]));
        int writes = Integer.parseInt(arguments[2]);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (long position = 0; position < LOG; position += bytes.capacity()) {
                write(file, bytes, position);
            }
            file.force(true);
            run(file, bytes, writes);
            long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            long[] nanos = run(file, bytes, writes);
            long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before;
            Arrays.sort(nanos);
            System.out.printf("%d %d %.1f%n", nanos[writes / 2] / 1000, nanos[writes * 99 / 100] / 1000, cpu / 1e3 / writes);
        } finally {
            Files.delete(path);
        }
    }

    private static long[] run(FileChannel file, ByteBuffer bytes, int writes) throws Exception {
        long[] nanos = new long[writes];
        long position = 0;
        for (int i = 0; i < writes; i++) {
            long begun = System.nanoTime();
            write(file, bytes, position);
            file.force(true);
            nanos[i] = System.nanoTime() - begun;
            position = position + 2 * bytes.capacity() > LOG ? 0 : position + bytes.capacity();
        }
        return nanos;
    }

    private static void write(FileChannel file, ByteBuffer bytes, long position) throws Exception {
        file.write(bytes.clear(), position);
    }
}
