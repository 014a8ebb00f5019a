/**
 * What stands in for Backstage's catalog and for Spotify while neither is configured; served by routes/sandbox/ over real
 * HTTP, so that an event takes the same way as in production. Not loaded otherwise.
 */
package io.insightsrelay.sandbox;
