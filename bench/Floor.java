import java.io.IOException;
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
public final class Floor extends AsyncProcessorSupport {

    private static final int LENGTH = 8 << 20;

    private record Waiting(byte[] body, Executor loop, AsyncCallback callback) {
    }

    private final LinkedBlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
    private final FileChannel file;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    private long position;

    /** Makes the file, then writes on a thread of its own. */
    public Floor() throws IOException {
        file = FileChannel.open(Path.of(System.getProperty("bench.file")), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        for (int at = 0; at < LENGTH; at += buffer.capacity()) {
            file.write(buffer.clear(), at);
        }
        file.force(true);
        Thread writer = new Thread(this::run, "floor-writer");
        writer.setDaemon(true);
        writer.start();
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
                buffer.flip();
                if (position + buffer.remaining() > LENGTH) {
                    position = 0;
                }
                position += file.write(buffer, position);
                file.force(false);
                group.get(0).loop.execute(() -> group.forEach(waiting -> waiting.callback.done(false)));
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
