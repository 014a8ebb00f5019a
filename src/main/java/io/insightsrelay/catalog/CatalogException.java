package io.insightsrelay.catalog;

import java.util.Set;
import org.apache.camel.http.base.HttpOperationFailedException;

/** The catalog cannot be asked, or its answer makes no sense; trying again later may help. */
public final class CatalogException extends RuntimeException {

    private static final Set<Integer> LATER_OR_OTHER_CREDENTIALS = Set.of(401, 403, 408, 425, 429);

    CatalogException(String message, Throwable cause) {
        super(message, cause);
    }

    CatalogException(String message) {
        super(message);
    }

    /** Whether the catalog says that it will never answer this question, whoever asks it and when. */
    boolean isRefusal() {
        return getCause() instanceof HttpOperationFailedException answer && answer.getStatusCode() >= 400 && answer.getStatusCode() < 500
                && !LATER_OR_OTHER_CREDENTIALS.contains(answer.getStatusCode());
    }
}
