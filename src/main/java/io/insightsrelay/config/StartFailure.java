package io.insightsrelay.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Says in words why the relay did not start, in place of a stack trace. Spring Boot's own analyzers come first. */
@Order(Ordered.LOWEST_PRECEDENCE)
final class StartFailure extends AbstractFailureAnalyzer<RuntimeException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, RuntimeException failure) {
        StringBuilder description = new StringBuilder();
        String last = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            // what Spring says of the beans on the way there only hides what is wrong
            boolean wrapper = cause.getClass().getName().startsWith("org.springframework.");
            if (!wrapper && cause.getMessage() != null && (last == null || !last.contains(cause.getMessage()))) {
                last = cause.getMessage();
                description.append(description.isEmpty() ? "" : System.lineSeparator() + "  because: ").append(last);
            }
        }
        return new FailureAnalysis(description.isEmpty() ? String.valueOf(rootFailure) : description.toString(),
                "Correct what is named above and start again. docs/configuration.md describes every setting.", rootFailure);
    }
}
