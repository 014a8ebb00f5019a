/** What several tests share: a server that misbehaves on command, a portal that signs tokens, and the built jar as a process. */
package io.insightsrelay.testing;
