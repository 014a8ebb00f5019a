/**
 * The management port: health, the state of the spool and the routes, and forgetting a destination. Who may reach it and the shape
 * of its errors are the program's, in the package above. Dead letters and the sandbox bring their own pages.
 */
package io.insightsrelay.management;
