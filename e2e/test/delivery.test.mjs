// What becomes of events that Spotify refuses, or takes its time over.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { eventually } from './support/wait.mjs';
import { newSubject, useWorld } from './support/world.mjs';

const USER = 'user:default/ada.byron';
const LIMIT = 60_000;

describe('delivery', () => {
  const world = useWorld();
  afterEach(() => world.receiver.behave(() => undefined));

  const post = async events => {
    const { status, text } = await world.relay.post('events', events, { token: await world.tokenOf(USER) });
    assert.equal(status, 202, text);
  };
  const newEvent = () => ({ action: 'click', subject: newSubject() });

  it('makes a dead letter of a refused event alone, and delivers it when it is replayed', async () => {
    const [first, refused, last] = [newEvent(), newEvent(), newEvent()];
    world.receiver.behave(request => (request.event?.subject === refused.subject ? { status: 400 } : undefined));
    await post([first, refused, last]);

    await world.arrival(first.subject);
    await world.arrival(last.subject);
    const letter = await eventually('the refused event is a dead letter', LIMIT, async () => (await world.relay.deadLetters())[0]);
    assert.equal((await world.relay.deadLetters()).length, 1);
    assert.equal(world.receiver.about(first.subject).length, 1);

    world.receiver.behave(() => undefined);
    await world.relay.replay(letter.id);
    await world.arrival(refused.subject, LIMIT);
    await eventually('the dead letter is gone', LIMIT, async () => (await world.relay.deadLetters()).length === 0);
  });

  it('tries again while Spotify is unwell', async () => {
    const events = [newEvent(), newEvent(), newEvent()];
    world.receiver.behave(() => ({ status: 503 }));
    await post(events);
    await eventually('Spotify is tried', LIMIT, () => events.some(event => world.receiver.about(event.subject).length > 0));
    world.receiver.behave(() => undefined);
    for (const { subject } of events) {
      await world.arrival(subject, LIMIT);
      assert.equal(world.receiver.about(subject).filter(request => request.status === 200).length, 1);
    }
    assert.deepEqual(await world.relay.deadLetters(), []);
  });

  it('comes back when Spotify says so', async () => {
    const event = newEvent();
    world.receiver.behave(() => ({ status: 429, headers: { 'Retry-After': '3' } }));
    await post([event]);
    const refused = await eventually('Spotify is tried', LIMIT, () => world.receiver.about(event.subject)[0]);
    world.receiver.behave(() => undefined);
    const delivered = await world.arrival(event.subject, LIMIT);
    assert.ok(delivered.at - refused.at >= 2_900, `after ${delivered.at - refused.at} ms`);
  });

  it('accepts events at once while Spotify is slow', async () => {
    const events = Array.from({ length: 20 }, newEvent);
    world.receiver.behave(() => ({ delay: 1_500 }));
    const begun = Date.now();
    for (const event of events) {
      await post([event]);
    }
    assert.ok(Date.now() - begun < 15_000, 'every post waits for Spotify');
    for (const { subject } of events) {
      await world.arrival(subject, LIMIT);
    }
  });
});
