/**
 * Routes and settings as files that operators edit: what is wrong with them, found before anything is touched, and replacing what changed
 * while the relay runs. What the routes do is not known here, but that those behind {@code platform-http:} are guarded by
 * {@link io.insightsrelay.ingest.IngestGate}.
 */
package io.insightsrelay.routes;
