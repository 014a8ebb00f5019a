/**
 * Settings that concern more than one package, how those of each are checked and are read anew while the relay runs, sandbox mode, what an HTTP answer has to be whichever route asks for it, and
 * what is said when the relay cannot start. A package's own settings stand in that package; Backstage's own configuration
 * block is read in {@code catalog}.
 */
package io.insightsrelay.config;
