/**
 * Plays the attacker against the built jar, from outside: what is sent, what has to come of it, and what came. Each class prints its
 * table, which docs/security.md repeats. What breaks the relay without meaning to is in the package promises.
 */
package io.insightsrelay.attacks;
