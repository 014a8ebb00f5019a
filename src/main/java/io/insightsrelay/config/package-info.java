/**
 * Settings that concern more than one package, sandbox mode, and what is said when the relay cannot start. A package's own
 * settings stand in that package; Backstage's own configuration block is read in {@code catalog}.
 */
package io.insightsrelay.config;
