import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EventQueue, newId } from '../src/EventQueue.js';
import { RelayAnalytics } from '../src/RelayAnalytics.js';
import { Identity, Page, Relay, SharedStorage, until } from './relay.mjs';

let relay;
let storage;
let identityApi;
let dropped;

beforeEach(async () => {
  relay = await Relay.start();
  storage = new SharedStorage();
  identityApi = new Identity();
  dropped = [];
});
afterEach(() => relay.stop());

/** A tab; nothing is sent by itself unless a short flushInterval is given. */
const tab = options =>
  new RelayAnalytics({ endpoint: relay.url, identityApi, storage, page: new Page(), flushInterval: 60_000, onDropped: (...args) => dropped.push(args), ...options });

const event = subject => ({ action: 'click', subject, context: { pluginId: 'catalog', extension: 'App', routeRef: 'unknown' } });

describe('an event', () => {
  it('is in the storage when captureEvent returns, and leaves it when it is acknowledged', async () => {
    const analytics = tab();
    analytics.captureEvent({ ...event('/a'), value: 3, attributes: { to: '/b' } });
    assert.equal(storage.length, 1);
    await analytics.flush();
    assert.equal(storage.length, 0);
    const [{ headers, events: [sent] }] = relay.requests;
    assert.equal(headers.authorization, 'Bearer token-1');
    assert.equal(headers['content-type'], 'application/json');
    const { id, context: { timestamp, ...context }, ...rest } = sent;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 10_000);
    assert.deepEqual({ ...rest, context }, { ...event('/a'), value: 3, attributes: { to: '/b' } });
  });

  it('is sent by itself after a while, and at once when there are enough for a batch', async () => {
    tab({ flushInterval: 20 }).captureEvent(event('/alone'));
    await until('it is sent', () => relay.accepted.length === 1);
    const analytics = tab({ batchSize: 3 });
    ['/1', '/2', '/3'].forEach(subject => analytics.captureEvent(event(subject)));
    await until('the batch is sent', () => relay.accepted.length === 4);
    assert.deepEqual(relay.requests.at(-1).events.map(({ subject }) => subject), ['/1', '/2', '/3']);
  });

  it('waits for the next page where this one ends, in order and with its id', async () => {
    const subjects = Array.from({ length: 120 }, (_, index) => `/${index}`);
    const closed = tab({ batchSize: 500 });
    subjects.forEach(subject => closed.captureEvent(event(subject)));
    const ids = Array.from({ length: storage.length }, (_, index) => storage.key(index).split(':')[2]);
    await tab().flush();
    assert.deepEqual(relay.accepted, subjects);
    assert.deepEqual(relay.requests.flatMap(({ events }) => events.map(({ id }) => id)), ids);
    assert.deepEqual(relay.requests.map(({ events }) => events.length), [50, 50, 20]);
  });

  it('waits in memory where the storage has no room', async () => {
    storage.room = 10;
    const analytics = tab();
    analytics.captureEvent(event('/a'));
    assert.equal(storage.length, 0);
    await analytics.flush();
    assert.deepEqual(relay.accepted, ['/a']);
  });

  it('of more than a batch may weigh leaves room for a page that is closed', async () => {
    const analytics = tab();
    for (let index = 0; index < 10; index++) {
      analytics.captureEvent({ ...event(`/${index}`), attributes: { text: 'é'.repeat(10_000) } });
    }
    await analytics.flush();
    assert.equal(relay.accepted.length, 10);
    relay.requests.forEach(({ headers }) => assert.ok(Number(headers['content-length']) <= 64 * 1024));
  });
});

describe('while the relay', () => {
  for (const status of [429, 503, 500, 404]) {
    it(`answers ${status} the event waits, and arrives under the same id`, async () => {
      relay.answer = (request, number) => (number < 3 ? { status } : undefined);
      tab({ flushInterval: 1 }).captureEvent(event('/a'));
      await until('it arrives', () => relay.accepted.length === 1 && storage.length === 0);
      assert.equal(new Set(relay.requests.map(({ events }) => events[0].id)).size, 1);
      assert.equal(relay.requests.length, 3);
    });
  }

  it('hangs up the event waits', async () => {
    relay.answer = (request, number) => (number < 2 ? { hangUp: true } : undefined);
    tab({ flushInterval: 1 }).captureEvent(event('/a'));
    await until('it arrives', () => relay.requests.length === 2 && storage.length === 0);
  });

  it('asks for time it gets it, whatever was planned while it was asked', async () => {
    const analytics = tab({ flushInterval: 1 });
    let refused;
    relay.answer = (request, number) => {
      if (number < 2) {
        refused = Date.now();
        analytics.captureEvent(event('/b'));
        return { status: 429, headers: { 'retry-after': '2' } };
      }
    };
    analytics.captureEvent(event('/a'));
    await until('both arrive', () => relay.accepted.length === 2);
    assert.ok(Date.now() - refused > 1_900);
    assert.equal(relay.requests.length, 2);
  });

  it('does not know the token any more a new one is used', async () => {
    relay.answer = ({ headers }) => {
      identityApi.tokens = 2;
      return headers.authorization === 'Bearer token-1' ? { status: 401 } : undefined;
    };
    const analytics = tab();
    analytics.captureEvent(event('/a'));
    await analytics.flush();
    assert.deepEqual(relay.requests.map(({ headers }) => headers.authorization), ['Bearer token-1', 'Bearer token-2']);
    assert.deepEqual(relay.accepted, ['/a']);
  });

  it('refuses one event the others arrive, and that is told', async () => {
    relay.answer = ({ events }) => (events.some(({ subject }) => subject === '/7') ? { status: 400 } : undefined);
    const analytics = tab();
    const subjects = Array.from({ length: 20 }, (_, index) => `/${index}`);
    subjects.forEach(subject => analytics.captureEvent(event(subject)));
    await analytics.flush();
    assert.deepEqual(relay.accepted, subjects.filter(subject => subject !== '/7'));
    assert.deepEqual(dropped, [[1, 'refused']]);
    assert.equal(storage.length, 0);
  });
});

describe('a page that is left', () => {
  it('sends what it has not sent', async () => {
    const page = new Page();
    const analytics = tab({ page });
    await analytics.flush(); // signed in
    analytics.captureEvent(event('/a'));
    page.hide();
    analytics.captureEvent(event('/b'));
    await until('both arrive', () => relay.accepted.length === 2 && storage.length === 0);
    assert.equal(relay.requests.length, 2);
  });

  it('leaves alone what it was told to wait with', async () => {
    relay.answer = () => ({ status: 503, headers: { 'retry-after': '60' } });
    const page = new Page();
    const analytics = tab({ page });
    analytics.captureEvent(event('/a'));
    await analytics.flush();
    analytics.captureEvent(event('/b'));
    page.hide();
    assert.equal(storage.length, 2);
    assert.equal(relay.requests.length, 1);
  });
});

describe('two tabs', () => {
  it('share the queue: each event is sent by one of them or, under its id, by both', async () => {
    const tabs = [tab(), tab()];
    for (let index = 0; index < 100; index++) {
      tabs[index % 2].captureEvent(event(`/${index}`));
    }
    await Promise.all(tabs.map(analytics => analytics.flush()));
    assert.equal(storage.length, 0);
    const ids = new Map(relay.requests.flatMap(({ events }) => events.map(({ id, subject }) => [id, subject])));
    assert.equal(ids.size, 100);
    assert.equal(new Set(ids.values()).size, 100);
  });

  it('of two users send each its own', async () => {
    const ada = tab();
    await ada.flush();
    ada.captureEvent(event('/ada'));
    const bob = tab({ identityApi: new Identity('user:default/bob') });
    await bob.flush();
    assert.deepEqual(relay.accepted, []);
    await ada.flush();
    assert.deepEqual(relay.accepted, ['/ada']);
  });
});

describe('before anybody is signed in', () => {
  it('events wait for whoever signs in', async () => {
    identityApi.user = undefined;
    const analytics = tab({ flushInterval: 1 });
    analytics.captureEvent(event('/sign-in'));
    await assert.rejects(analytics.flush(), /nobody is signed in/);
    assert.equal(storage.length, 1);
    identityApi.user = 'user:default/ada';
    await until('it arrives', () => relay.accepted.length === 1);
  });
});

describe('the queue', () => {
  const queue = options => new EventQueue({ storage, maxEvents: 10, maxAge: 1_000, onDropped: (...args) => dropped.push(args), ...options });

  it('drops the oldest beyond its bound', () => {
    const full = queue();
    const ids = Array.from({ length: 13 }, () => newId());
    ids.forEach(id => full.add({ id }));
    assert.equal(full.length, 10);
    assert.deepEqual(full.take({ count: 100, bytes: 10_000 }).map(({ text }) => JSON.parse(text).id), ids.slice(3));
    assert.deepEqual(dropped, [[1, 'full'], [1, 'full'], [1, 'full']]);
  });

  it('drops what is too old', () => {
    const old = queue();
    old.add({ id: newId() });
    assert.deepEqual(old.take({ count: 1, bytes: 1_000, now: Date.now() + 2_000 }), []);
    assert.deepEqual(dropped, [[1, 'old']]);
    assert.equal(old.length, 0);
  });

  it('leaves the entries of others alone', () => {
    storage.setItem('insights-relay:theme', 'dark');
    storage.setItem('sidebar', '1');
    const shared = queue({ maxEvents: 1 });
    shared.add({ id: newId() });
    shared.add({ id: newId() });
    assert.equal(shared.length, 1);
    assert.equal(storage.getItem('insights-relay:theme'), 'dark');
    assert.equal(storage.length, 3);
  });
});

describe('ids', () => {
  it('are different, and sort in the order in which they were made', () => {
    const ids = Array.from({ length: 20_000 }, () => newId());
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual([...ids].sort(), ids);
  });
});
