/**
 * Who is calling: Backstage user and plugin tokens, static ingest tokens, and the user that an agent event claims to be for.
 * Not here: which callers a request needs, reading HTTP headers, and the status codes of refusals; those are ingest's.
 */
package io.insightsrelay.auth;
