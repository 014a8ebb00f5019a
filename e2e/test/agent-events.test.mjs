// Agent events: what backend plugins and services post, and whose they are.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { INSIGHTS } from './support/app-config.mjs';
import { API_TOKEN, IDENTITY_SALT } from './support/relay.mjs';
import { added, newSubject, useWorld } from './support/world.mjs';

const GRACE = 'user:default/grace.wu';
const identity = (ref, salt = IDENTITY_SALT) => createHash('sha256').update(ref + salt).digest('hex');

describe('agent events', () => {
  const world = useWorld({ pasted: INSIGHTS });

  /** Delivers an agent event under the plugin's own token, and gives the request that arrives. */
  const deliver = async (event, headers) => world.deliver(event, { where: 'agent', token: await world.backstage.pluginToken(), headers });
  const userOf = request => added(request.event.context, 'user');

  it('go out as JSON, under the API token', async () => {
    const request = await deliver({ context: { tool: 'catalog.search' }, steps: [1, { ok: true }], note: null });
    assert.equal(request.method, 'POST');
    assert.equal(request.path, '/insights/v1/capture/agent');
    assert.match(request.headers['content-type'], /^application\/json\b/);
    assert.equal(request.headers.authorization, `Bearer ${API_TOKEN}`);
    assert.equal(request.event.context.tool, 'catalog.search');
    assert.deepEqual(request.event.steps, [1, { ok: true }]);
    assert.equal(request.event.note, null);
  });

  it('are accepted from a plugin, from a plugin on behalf of a user, and from a user', async () => {
    const userToken = await world.tokenOf(GRACE);
    for (const token of [await world.backstage.pluginToken(), await world.backstage.pluginToken({ userToken }), userToken]) {
      const request = await world.deliver({}, { where: 'agent', token });
      assert.ok(!request.rawHeaders.concat(request.body).join('\n').includes(token));
    }
  });

  it('are refused without a token', async () => {
    const { status, json } = await world.relay.post('agent', { action: 'call', subject: newSubject() });
    assert.equal(status, 401);
    assert.equal(json.error.name, 'AuthenticationError');
    assert.equal(typeof json.error.message, 'string');
  });

  it('are refused with a plugin token for another plugin', async () => {
    const token = await world.backstage.pluginToken({ target: 'catalog' });
    assert.equal((await world.relay.post('agent', { action: 'call', subject: newSubject() }, { token })).status, 401);
  });

  it('get the fields of their entity', async () => {
    const { event } = await deliver({ context: { entityRef: 'component:default/Payment-Gateway' } });
    assert.equal(event.context['entity.spec.owner'], 'group:default/payments');
    assert.equal(event.context['entity.metadata.annotations.example.com/cost.center'], 'CC-4711');
  });

  it('are of the user whom the header names, where the hash agrees', async () => {
    const user = userOf(await deliver({ identity: identity(GRACE) }, { 'X-Insights-Identity-Subject': GRACE }));
    assert.equal(user['user.metadata.namespace'], 'default');
    assert.deepEqual([user['user.spec.memberOf.0'], user['user.spec.memberOf.1']].sort(), ['group:default/engineering', 'group:default/platform']);
  });

  const disagreements = {
    'the hash of another user': identity('user:default/ada.byron'),
    'another salt': identity(GRACE, 'another salt'),
    'no salt': identity(GRACE, ''),
    'no hash': undefined,
    'a hash that is none': 'grace',
  };
  for (const [what, hash] of Object.entries(disagreements)) {
    it(`go on without a user with ${what}`, async () => {
      const request = await deliver({ identity: hash, context: { tool: 'x' } }, { 'X-Insights-Identity-Subject': GRACE });
      assert.deepEqual(userOf(request), {});
      assert.equal(request.event.context.tool, 'x');
    });
  }

  it('go on without a user where no header names one', async () => {
    assert.deepEqual(userOf(await deliver({ identity: identity(GRACE) })), {});
  });

  it('do not pass the header on', async () => {
    const request = await deliver({ identity: identity(GRACE) }, { 'X-Insights-Identity-Subject': GRACE });
    assert.ok(!request.rawHeaders.join('\n').includes(GRACE));
  });
});
