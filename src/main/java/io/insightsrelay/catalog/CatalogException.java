package io.insightsrelay.catalog;

/** The catalog cannot be asked, or its answer makes no sense; trying again later may help. */
public final class CatalogException extends RuntimeException {

    CatalogException(String message, Throwable cause) {
        super(message, cause);
    }

    CatalogException(String message) {
        super(message);
    }
}
