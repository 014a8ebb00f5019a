// Backstage restarts, loads its catalog, and is away for a while. No event is lost over it, or refused.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Backstage } from './support/backstage.mjs';
import { Door } from './support/door.mjs';
import { freePort } from './support/http.mjs';
import { eventually, settle } from './support/wait.mjs';
import { added, newSubject, useWorld } from './support/world.mjs';

const USER = 'user:default/grace.wu';
const LIMIT = 90_000;

describe('while Backstage', () => {
  const folder = mkdtempSync(join(tmpdir(), 'insights-relay-e2e-outages-'));
  const holdFile = join(folder, 'hold');
  let door;
  const startBackstage = () => Backstage.start({ port: door.target, url: door.url, holdFile });

  // The tests go on from one another, as a day in a portal's life: it starts, restarts, and is out of reach.
  const world = useWorld({
    startBackstage: async starting => {
      starting.onStop(() => rmSync(folder, { recursive: true, force: true }));
      door = new Door(await freePort(), await freePort());
      await door.open();
      starting.onStop(() => door.shut());
      writeFileSync(holdFile, '');
      return startBackstage();
    },
  });

  it('loads its catalog, events go on without members, and are enriched soon after it is complete', async () => {
    const context = { entityRef: 'component:default/payment-gateway' };
    const token = await world.backstage.signIn(USER);
    const early = await world.deliveredContext(context, { token });
    assert.ok(existsSync(holdFile));
    assert.deepEqual({ ...added(early, 'entity'), ...added(early, 'user') }, {});

    rmSync(holdFile);
    await world.backstage.catalogIsComplete();
    const later = await eventually('an event about the same entity is enriched', 30_000, async () => {
      const arrived = await world.deliveredContext(context, { token });
      return arrived['entity.kind'] && arrived['user.metadata.namespace'] && arrived;
    }, 1_000);
    assert.equal(later['entity.spec.owner'], 'group:default/payments');
    assert.ok(Object.values(added(later, 'user')).includes('group:default/platform'));
  });

  it('comes back from a restart with new keys, users who sign in anew are accepted', async () => {
    const keyId = token => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;
    const old = await world.backstage.signIn(USER);
    await world.backstage.stop();
    world.backstage = await world.add(startBackstage());
    await world.backstage.catalogIsComplete();
    const token = await world.backstage.signIn(USER);
    assert.notEqual(keyId(token), keyId(old));

    const subject = newSubject();
    // The relay fetches keys again when it meets an unknown one, but not as often as a stranger would like.
    await eventually('the new token is accepted', 30_000, async () =>
      (await world.relay.post('app', { action: 'click', subject, context: { entityRef: 'template:default/new-service' } }, { token })).status === 202, 1_000);
    const { event } = await world.arrival(subject);
    assert.equal(event.context['entity.metadata.annotations.backstage.io/time-saved'], 'PT4H');
    assert.equal(event.context['user.metadata.namespace'], 'default');
  });

  it('is out of reach, events are accepted by a known token, and delivered with all their members when it is back', async () => {
    const token = await world.backstage.signIn(USER);
    await world.deliver({}, { token });
    await door.shut();

    // Of an entity that the relay has not met: it cannot go on before the catalog is back.
    const subjects = [newSubject(), newSubject(), newSubject()];
    for (const subject of subjects) {
      const { status, text } = await world.relay.post('app',
        { action: 'click', subject, context: { entityRef: 'component:partners/payment-gateway' } }, { token });
      assert.equal(status, 202, text);
    }
    await settle(3_000);
    subjects.forEach(subject => assert.equal(world.receiver.about(subject).length, 0));

    await door.open();
    for (const subject of subjects) {
      const { event } = await world.arrival(subject, LIMIT);
      assert.equal(event.context['entity.spec.type'], 'website');
      assert.equal(event.context['user.metadata.namespace'], 'default');
    }
  });
});
