// Waiting with an end. No test sleeps for a time and hopes.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls the function until it gives something truthy, and gives that. After so many ms it fails, with what was awaited
 * and with the last error. An error with the member `final` ends the waiting at once.
 */
export async function eventually(what, within, attempt, pause = 100) {
  const end = Date.now() + within;
  let trouble;
  for (;;) {
    try {
      const result = await attempt();
      if (result) {
        return result;
      }
      trouble = undefined;
    } catch (error) {
      if (error.final) {
        throw error;
      }
      trouble = error;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${within / 1000} s${trouble ? `, last: ${trouble.message}` : ''}`, { cause: trouble });
    }
    await sleep(pause);
  }
}

/** For what must not happen: gives the time in which it would have. */
export const settle = ms => sleep(ms);
