// What a test file needs around it: a Backstage, a receiver and a relay between them, started before its tests, ended
// after them, and heard when one of them fails.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before } from 'node:test';
import { Receiver } from '../../receiver.mjs';
import { Backstage } from './backstage.mjs';
import { Relay } from './relay.mjs';
import { eventually } from './wait.mjs';

const DELIVERY_LIMIT = 30_000;

/** A subject that no other event has. */
export const newSubject = () => `/e2e/${randomBytes(6).toString('hex')}`;

/** The members of context that enrichment has added under a prefix: entity or user. */
export const added = (context, prefix) =>
  Object.fromEntries(Object.entries(context ?? {}).filter(([name]) => name.startsWith(`${prefix}.`)));

class World {
  #stops = [];
  #parts = [];
  #tokens = new Map();

  async start({ pasted, startBackstage = () => Backstage.start() }) {
    this.receiver = await this.add(Receiver.start());
    this.backstage = await this.add(startBackstage(this));
    this.relay = await this.startRelay(pasted);
  }

  /** Another relay between the same two. */
  startRelay(pasted) {
    return this.add(Relay.start({ backstage: this.backstage, receiver: this.receiver, pasted }));
  }

  /** Lets a part end with this world. */
  async add(starting) {
    const part = await starting;
    this.#parts.push(part);
    this.onStop(() => part.stop());
    return part;
  }

  onStop(step) {
    this.#stops.unshift(step);
  }

  async stop() {
    const results = await Promise.allSettled(this.#stops.map(step => step()));
    results.forEach(result => result.status === 'rejected' && console.error(result.reason));
  }

  printLogs() {
    this.#parts.forEach(part => part.log && console.error(part.log));
  }

  /** A token of a user, who signs in once. */
  async tokenOf(userEntityRef) {
    if (!this.#tokens.has(userEntityRef)) {
      this.#tokens.set(userEntityRef, await this.backstage.signIn(userEntityRef));
    }
    return this.#tokens.get(userEntityRef);
  }

  /** Waits for the event with this subject; gives the request that brought it. */
  arrival(subject, within = DELIVERY_LIMIT) {
    return eventually(`the event ${subject} arrives`, within, () =>
      this.receiver.about(subject).find(request => request.status < 300));
  }

  /** Posts an event, which has to be accepted, and gives the request that brings it to the receiver. */
  async deliver(event, { where = 'app', user, token, headers } = {}) {
    const subject = event.subject ?? newSubject();
    const answer = await this.relay.post(where, { action: 'click', ...event, subject },
      { token: user ? await this.tokenOf(user) : token, headers });
    assert.equal(answer.status, 202, answer.text);
    return this.arrival(subject);
  }

  /** The same, and gives only the context that arrives. */
  async deliveredContext(context, options) {
    return (await this.deliver({ context }, options)).event.context ?? {};
  }
}

/** Gives the world of the surrounding suite; it is filled when the suite's tests run. */
export function useWorld(options = {}) {
  const world = new World();
  let failed = true; // until everything has started

  before(async () => {
    await world.start(options);
    failed = false;
  }, { timeout: 240_000 });
  afterEach(context => {
    failed ||= context.passed === false;
  });
  after(async () => {
    if (failed) {
      world.printLogs();
    }
    await world.stop();
  }, { timeout: 60_000 });
  return world;
}
