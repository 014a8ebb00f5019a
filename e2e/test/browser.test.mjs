// Two Backstage frontends, one of each system, in a real browser: what people do there arrives at the receiver, each event once, whatever
// happens to the page, the browser and the relay.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser } from '../frontend/browser.mjs';
import { Frontend } from '../frontend/frontend.mjs';
import { Backstage } from './support/backstage.mjs';
import { Door } from './support/door.mjs';
import { freePort } from './support/http.mjs';
import { eventually, settle } from './support/wait.mjs';
import { added, useWorld } from './support/world.mjs';

const GRACE = 'user:default/grace.wu';
const OLGA = 'user:default/olga.petrova';
const WITHIN = 60_000;
const ports = { legacy: await freePort(), new: await freePort(), door: await freePort() };
const origins = ['legacy', 'new'].map(name => `http://127.0.0.1:${ports[name]}`);

let places = 0;
/** A name that no other test uses. */
const newPlace = () => `place-${++places}-${Math.random().toString(36).slice(2, 8)}`;

describe('people in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'insights-relay-e2e-browser-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const world = useWorld({
    pasted: `---\ningest:\n  cors:\n    origins: [${origins}]\n`,
    startBackstage: () => {
      const config = join(folder, 'cors.yaml');
      writeFileSync(config, `backend:\n  cors:\n    origin: [${origins}]\n    credentials: true\n`);
      return Backstage.start({ configs: [config] });
    },
  });
  let door;
  before(async () => {
    door = new Door(ports.door, Number(new URL(world.relay.url).port));
    await door.open();
    world.onStop(() => door.shut());
  });

  /** The events at the receiver that concern a place, as 'navigate' and 'click' are. */
  const about = place =>
    world.receiver.requests.filter(({ event, status }) => status < 300 && JSON.stringify(event).includes(place)).map(({ event }) => event);
  const bothArrive = place =>
    eventually(`navigate and click to ${place} arrive`, WITHIN, () => {
      const actions = about(place).map(({ action }) => action).sort();
      return actions.includes('click') && actions.includes('navigate') && actions;
    });

  for (const name of ['legacy', 'new']) {
    describe(`with the ${name} frontend system`, () => {
      let frontend;
      let browser;
      before(async () => {
        frontend = await world.add(Frontend.start({
          name,
          port: ports[name],
          config: {
            backend: { baseUrl: world.backstage.url },
            app: { analytics: { insightsRelay: { endpoint: `${door.url}/v1/events`, flushSeconds: 1 } } },
          },
        }));
        browser = await world.add(Browser.start());
      });

      /** A tab in which the user is signed in. */
      const signIn = async (user = GRACE) => {
        const page = await browser.newPage();
        await page.addInitScript(ref => localStorage.setItem('e2e-user', ref), user);
        await page.goto(frontend.url);
        await page.getByTestId('place').waitFor();
        return page;
      };
      const go = async (page, place) => {
        await page.getByTestId('where').fill(place);
        await page.getByTestId('go').click();
        await page.getByTestId('place').filter({ hasText: place }).waitFor();
      };
      /** How many events wait in the browser. */
      const waiting = page => page.evaluate(() => Object.keys(localStorage).filter(key => /^insights-relay:[^:]*:[0-9a-f-]{36}$/.test(key)).length);
      const nothingWaits = page => eventually('the queue in the browser is empty', WITHIN, async () => (await waiting(page)) === 0);

      it('signing in, navigating, clicking and searching arrive, as the user who is signed in', async () => {
        const page = await signIn();
        const place = newPlace();
        await go(page, place);
        await bothArrive(place);
        const [click] = about(place).filter(({ action }) => action === 'click');
        assert.equal(click.subject, `to ${place}`);
        assert.equal(click.attributes.to, `/page/${place}`);
        const [navigate] = about(place).filter(({ action }) => action === 'navigate');
        assert.equal(navigate.subject, `/page/${place}`);
        for (const event of [click, navigate]) {
          assert.ok(Object.values(added(event.context, 'user')).includes('group:default/platform'));
          assert.match(event.id, /^[0-9a-f-]{36}$/);
          assert.ok(Math.abs(Date.parse(event.context.timestamp) - Date.now()) < 60_000);
          assert.ok(!JSON.stringify(event).includes('grace'));
        }
        // events go out side by side, so the one of the first page after signing in may be the last
        await eventually('the navigation to the first page arrives', WITHIN, () =>
          world.receiver.requests.some(({ event, headers }) => event.action === 'navigate' && event.subject === '/' && headers.referer?.startsWith(frontend.url)));

        await page.locator('main input').nth(1).fill('gateway');
        await page.getByTestId('found').filter({ hasText: 'for gateway' }).waitFor();
        const search = await eventually('the search arrives', WITHIN, () =>
          world.receiver.requests.find(({ event, headers }) => event.action === 'search' && headers.referer?.startsWith(frontend.url)));
        assert.equal(search.event.subject, 'gateway');
        assert.ok(Number(search.event.value) > 0);
        await nothingWaits(page);
        await page.close();
      });

      it('a click just before the page is closed arrives', async () => {
        const page = await signIn();
        await nothingWaits(page);
        const place = newPlace();
        await go(page, place);
        await page.close({ runBeforeUnload: true });
        await bothArrive(place);
      });

      it('while the relay is away events wait, over closed pages and a restart of the browser, and arrive when it is back', async () => {
        const visited = [newPlace(), newPlace(), newPlace()];
        let page = await signIn();
        await nothingWaits(page);
        await door.shut();
        await go(page, visited[0]);
        await page.close();
        page = await signIn();
        await go(page, visited[1]);
        assert.ok(await waiting(page) >= 4);
        await browser.close();

        await browser.open();
        page = await signIn();
        await go(page, visited[2]);
        assert.ok(await waiting(page) >= 6);
        visited.forEach(place => assert.deepEqual(about(place), []));
        await door.open();
        for (const place of visited) {
          await bothArrive(place);
        }
        await nothingWaits(page);
        await page.close();
      });

      it('an acknowledgement that gets lost makes no event of two', async () => {
        const page = await signIn();
        const first = newPlace();
        await go(page, first);
        await bothArrive(first);
        await nothingWaits(page);
        const repeated = await world.relay.metric('relay_events_repeated_total');
        const place = newPlace();
        door.muted = true;
        try {
          await go(page, place);
          await bothArrive(place);
          assert.ok(await waiting(page) >= 2);
        } finally {
          door.muted = false;
        }
        await nothingWaits(page);
        assert.ok(await world.relay.metric('relay_events_repeated_total') >= repeated + 2);
        assert.equal(about(place).length, 2);
        await page.close();
      });

      it('two tabs and two users share the browser', async () => {
        const tabs = [await signIn(), await signIn()];
        const visited = [newPlace(), newPlace(), newPlace(), newPlace()];
        await Promise.all(tabs.map(async (page, tab) => {
          await go(page, visited[tab]);
          await go(page, visited[tab + 2]);
        }));
        for (const place of visited) {
          await bothArrive(place);
        }
        await nothingWaits(tabs[0]);

        // one leaves events behind that only its own token may bring
        await door.shut();
        const [left, later] = [newPlace(), newPlace()];
        await go(tabs[0], left);
        await Promise.all(tabs.map(page => page.close()));
        await door.open();
        const olga = await signIn(OLGA);
        await go(olga, later);
        await bothArrive(later);
        about(later).forEach(({ context }) => assert.ok(Object.values(added(context, 'user')).includes('group:default/field-sales')));
        assert.deepEqual(about(left), []);
        await olga.close();
        const grace = await signIn();
        await bothArrive(left);
        about(left).forEach(({ context }) => assert.ok(Object.values(added(context, 'user')).includes('group:default/platform')));
        await nothingWaits(grace);
        await grace.close();
      });
    });
  }

  it('have each event counted once', async () => {
    await settle(1_000);
    const times = new Map();
    for (const { event, status } of world.receiver.requests) {
      assert.equal(status, 200);
      times.set(event.id, (times.get(event.id) ?? 0) + 1);
    }
    assert.ok(times.size > 50, `${times.size} events`);
    assert.deepEqual([...times].filter(([, count]) => count > 1), []);
    assert.deepEqual(await world.relay.deadLetters(), []);
    console.log(`in the browser: ${times.size} events, each delivered once; ${await world.relay.metric('relay_events_repeated_total')} were sent again and dropped`);
  });
});
