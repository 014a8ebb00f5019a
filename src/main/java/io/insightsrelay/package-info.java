/**
 * The main class and what is the program's alone: its start, commands and stop, the exit on a damaged spool, who may use its management port and the shape of its errors; and the
 * auto-configuration by which an application of its own has the relay as a dependency. What the relay does lives in the packages below, one feature each; which event takes which way, in routes/.
 */
package io.insightsrelay;
