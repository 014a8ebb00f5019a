// /v1/events: several events in one request, each of which Spotify gets in a request of its own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { INSIGHTS } from './support/app-config.mjs';
import { newSubject, useWorld } from './support/world.mjs';
import { settle } from './support/wait.mjs';

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const GZIP = { 'Content-Encoding': 'gzip' };

const newEvents = count => Array.from({ length: count }, (_, index) =>
  ({ action: 'click', subject: newSubject(), context: { index, entityRef: 'component:default/design-tokens' } }));
const lines = events => events.map(event => JSON.stringify(event)).join('\n');

describe('/v1/events', () => {
  const world = useWorld({ pasted: INSIGHTS });

  const post = async (body, headers) => world.relay.post('events', body, { token: await world.tokenOf('user:default/mei.tanaka'), headers });

  async function assertDelivered(answer, events) {
    assert.equal(answer.status, 202, answer.text);
    for (const { subject, context } of events) {
      const { event, path } = await world.arrival(subject);
      assert.equal(path, '/insights/v1/capture/app');
      assert.equal(event.context.index, String(context.index));
      assert.equal(event.context['entity.spec.type'], 'library');
      assert.equal(event.context['user.spec.memberOf.0'], 'group:default/engineering');
      assert.equal(world.receiver.about(subject).length, 1);
    }
  }

  it('takes one event', async () => {
    const events = newEvents(1);
    await assertDelivered(await post(events[0]), events);
  });

  it('takes an array', async () => {
    const events = newEvents(60);
    await assertDelivered(await post(events), events);
  });

  it('takes lines of JSON', async () => {
    const events = newEvents(5);
    await assertDelivered(await post(`${lines(events)}\n`, NDJSON), events);
  });

  it('takes both gzipped', async () => {
    const [first, second] = [newEvents(5), newEvents(5)];
    await assertDelivered(await post(gzipSync(JSON.stringify(first)), { ...GZIP, 'Content-Type': 'application/json' }), first);
    await assertDelivered(await post(gzipSync(lines(second)), { ...GZIP, ...NDJSON }), second);
  });

  it('takes a plugin\'s token', async () => {
    const [event] = newEvents(1);
    assert.equal((await world.relay.post('events', event, { token: await world.backstage.pluginToken() })).status, 202);
    await world.arrival(event.subject);
  });

  it('refuses the whole of a request with a bad event in it, and says which one it is', async () => {
    const events = newEvents(3);
    for (const answer of [await post([events[0], 'no event', events[1]]), await post(`${lines(events.slice(0, 1))}\n{"action":\n`, NDJSON)]) {
      assert.equal(answer.status, 400);
      assert.equal(typeof answer.json.error.name, 'string');
      assert.match(answer.json.error.message, /\b1\b/);
    }
    // By the time that a later event has arrived, these would have.
    await world.deliver({}, { user: 'user:default/mei.tanaka' });
    await settle(500);
    events.forEach(event => assert.equal(world.receiver.about(event.subject).length, 0));
  });

  it('refuses more events than it takes at once', async () => {
    const { status, json } = await post(JSON.stringify(Array(1001).fill({ action: 'x' })));
    assert.equal(status, 413);
    assert.equal(typeof json.error.message, 'string');
  });

  it('refuses everything without a token', async () => {
    const { status, json } = await world.relay.post('events', newEvents(2));
    assert.equal(status, 401);
    assert.equal(json.error.name, 'AuthenticationError');
  });
});
