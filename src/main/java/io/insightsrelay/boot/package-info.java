/** Which of the auto-configurations of Spring Boot and Camel the program has. */
package io.insightsrelay.boot;
