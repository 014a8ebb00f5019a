/**
 * The management port: health, the state of the spool and the routes, forgetting a destination, and the shape of its
 * errors. Dead letters and the sandbox bring their own pages.
 */
package io.insightsrelay.management;
