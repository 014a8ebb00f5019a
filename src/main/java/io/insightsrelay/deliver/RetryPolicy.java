package io.insightsrelay.deliver;

import java.util.function.Supplier;

/** {@code deliver.retry} as it is now: what an operator changes in an outage concerns the batches that wait already. Thread-safe. */
@FunctionalInterface
interface RetryPolicy extends Supplier<DeliverProperties.Retry> {
}
