/** The promises of docs/promises.md, each attacked from outside: the built jar as a process, signals, sockets, disks. */
package io.insightsrelay.promises;
