// How many users the portal has: what Spotify relates its figures to.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { COUNTED_USERS } from './support/app-config.mjs';
import { users } from './support/catalog-files.mjs';
import { useWorld } from './support/world.mjs';

describe('total-users', () => {
  const world = useWorld();
  let filtered;
  before(async () => {
    filtered = await world.startRelay(COUNTED_USERS);
  }, { timeout: 120_000 });

  async function count(relay, ...filters) {
    const { status, json, text } = await relay.totalUsers(await world.tokenOf('user:default/ada.byron'), ...filters);
    assert.equal(status, 200, text);
    assert.deepEqual(Object.keys(json), ['count']);
    return json.count;
  }

  it('counts the users of the catalog', async () => {
    assert.equal(await count(world.relay), users.length);
  });

  const narrowed = [
    ['a group', [['spec.memberOf', 'group:default/payments']], 2],
    ['a group without its kind and namespace', [['spec.memberOf', 'payments']], 2],
    ['a group without its namespace', [['spec.memberOf', 'group:platform']], 3],
    ['a group without its kind', [['spec.memberOf', 'partners/Agency']], 2],
    ['a group, written in capitals', [['spec.memberOf', 'Group:Default/Night-Watch']], 2],
    ['either of two groups', [['spec.memberOf', 'payments'], ['spec.memberOf', 'platform']], 4],
    ['a namespace', [['metadata.namespace', 'partners']], 2],
    ['either of two namespaces', [['metadata.namespace', 'partners'], ['metadata.namespace', 'default']], users.length],
    ['a group and a namespace', [['spec.memberOf', 'platform'], ['metadata.namespace', 'partners']], 1],
    ['a group that does not exist', [['spec.memberOf', 'nowhere']], 0],
  ];
  for (const [what, filters, expected] of narrowed) {
    it(`counts those of ${what}`, async () => {
      assert.equal(await count(world.relay, ...filters), expected);
    });
  }

  it('counts those of totalUsersEntityQueryFilter, and of the caller\'s filter among them', async () => {
    const counted = users.filter(user => user.metadata.namespace === 'partners' || user.spec.memberOf.includes('contractors'));
    assert.equal(await count(filtered), counted.length);
    assert.equal(await count(filtered, ['metadata.namespace', 'partners']), 2);
    assert.equal(await count(filtered, ['spec.memberOf', 'contractors'], ['metadata.namespace', 'default']), counted.length - 2);
    assert.equal(await count(filtered, ['spec.memberOf', 'payments']), 0);
  });

  it('answers a plugin too', async () => {
    const { status, json } = await world.relay.totalUsers(await world.backstage.pluginToken());
    assert.equal(status, 200);
    assert.equal(json.count, users.length);
  });

  it('answers nobody without a token', async () => {
    const { status, json } = await world.relay.totalUsers();
    assert.equal(status, 401);
    assert.equal(json.error.name, 'AuthenticationError');
  });
});
