/**
 * Settings that concern more than one package, Backstage's own configuration blocks, sandbox mode, and what is said when
 * the relay cannot start. A package's own settings stand in that package.
 */
package io.insightsrelay.config;
