/** That what is shipped for running the relay elsewhere fits it: Kubernetes, Docker Compose. */
package io.insightsrelay.deploy;
