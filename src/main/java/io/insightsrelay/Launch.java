package io.insightsrelay;

/** What the jar starts: {@link InsightsRelay}, or a line on standard error and exit code 1 where its libraries are not beside it, for which the JVM would show a stack trace. */
public final class Launch {

    private Launch() {
    }

    /** See {@link InsightsRelay#main}. */
    public static void main(String[] arguments) {
        if (Launch.class.getResource("/org/springframework/boot/SpringApplication.class") == null) {
            System.err.println("The libraries are missing: insights-relay.jar needs lib/ of the same build beside it");
            System.exit(1);
        }
        InsightsRelay.main(arguments);
    }
}
