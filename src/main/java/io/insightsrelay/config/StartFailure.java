package io.insightsrelay.config;

import java.util.Arrays;
import org.springframework.boot.context.properties.bind.validation.BindValidationException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.convert.ConversionException;

/**
 * Says in words why the relay did not start, in place of a stack trace, where Spring Boot's own analyzers do not. Failures of an application
 * that the relay is part of are left to it.
 */
@Order(Ordered.LOWEST_PRECEDENCE)
final class StartFailure extends AbstractFailureAnalyzer<RuntimeException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, RuntimeException failure) {
        if (findCause(failure, BindValidationException.class) != null || findCause(failure, ConversionException.class) != null
                || !isOurs(failure)) {
            // of the first two Spring Boot's own analyzers name the property, the value and where it stands
            return null;
        }
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

    /** Whether code of the relay was at work when it happened; in the program its main method is. */
    private static boolean isOurs(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (Arrays.stream(cause.getStackTrace()).anyMatch(frame -> frame.getClassName().startsWith("io.insightsrelay."))) {
                return true;
            }
        }
        return false;
    }
}
