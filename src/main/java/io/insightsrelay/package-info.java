/** The main class. What the relay does lives in the packages below, one feature each; which event takes which way, in routes/. */
package io.insightsrelay;
