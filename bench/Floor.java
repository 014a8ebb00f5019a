import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.AsyncProcessorSupport;

/**
 * The least that a durable answer costs: the request's bytes are written behind each other into a file that has its full length already, together
 * with those of all requests that came meanwhile, and one fdatasync later all of them go on. Nothing is verified, read or kept.
 * {@code bench.file} is the file.
 */
public class Floor extends AsyncProcessorSupport {

    private static final int LENGTH = 8 << 20;

    private record Waiting(byte[] body, Executor loop, AsyncCallback callback) {
    }

    private final LinkedBlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    private FileChannel file;
    private long position;

    /** Opens what is written to, then writes on a thread of its own. */
    public Floor() throws Exception {
        open(System.getProperty("bench.file"));
        Thread writer = new Thread(this::run, "floor-writer");
        writer.setDaemon(true);
        writer.start();
    }

    /** Makes what is written to. */
    void open(String path) throws Exception {
        file = FileChannel.open(Path.of(path), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        for (int at = 0; at < LENGTH; at += buffer.capacity()) {
            file.write(buffer.clear(), at);
        }
        file.force(true);
    }

    /** Returns when the bytes, to the buffer's limit, are on disk. */
    void store(ByteBuffer bytes) throws Exception {
        if (position + bytes.remaining() > LENGTH) {
            position = 0;
        }
        position += file.write(bytes, position);
        file.force(false);
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        queue.add(new Waiting(exchange.getMessage().getBody(byte[].class), exchange.getProperty("SpoolExecutor", Executor.class), callback));
        return false;
    }

    private void run() {
        try {
            while (true) {
                List<Waiting> group = new ArrayList<>();
                group.add(queue.take());
                queue.drainTo(group);
                buffer.clear();
                group.forEach(waiting -> buffer.put(waiting.body));
                store(buffer.flip());
                group.get(0).loop.execute(() -> group.forEach(waiting -> waiting.callback.done(false)));
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
