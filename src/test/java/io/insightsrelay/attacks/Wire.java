package io.insightsrelay.attacks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A plain socket, for what no HTTP client would send. */
final class Wire {

    private static final int ANSWER_MILLIS = 15_000;
    private static final int QUIET_MILLIS = 1_500;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3}) ");

    private Wire() {
    }

    /** Sends these bytes, and gives everything that comes back until the other side closes or has been quiet for a while. */
    static String send(int port, String request) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            try {
                socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            } catch (SocketException e) {
                // refused before all was read
            }
            byte[] buffer = new byte[8_192];
            try {
                for (int read = 0; read >= 0; read = socket.getInputStream().read(buffer)) {
                    answer.write(buffer, 0, read);
                    socket.setSoTimeout(answer.size() == 0 ? ANSWER_MILLIS : QUIET_MILLIS);
                }
            } catch (SocketTimeoutException e) {
                // a connection that is kept open
            } catch (SocketException e) {
                // reset
            }
            return answer.toString(StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The statuses of all answers in it. */
    static List<Integer> statuses(String answer) {
        List<Integer> statuses = new ArrayList<>();
        for (Matcher status = STATUS.matcher(answer); status.find(); ) {
            statuses.add(Integer.parseInt(status.group(1)));
        }
        return statuses;
    }

    /** The status of the first answer; 0 where there was none. */
    static int status(int port, String request) {
        List<Integer> statuses = statuses(send(port, request));
        return statuses.isEmpty() ? 0 : statuses.get(0);
    }
}
