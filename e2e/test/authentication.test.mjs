// Whose tokens are believed. Backstage signs with RS256 here; everywhere else with ES256, its default.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backstage } from './support/backstage.mjs';
import { SigningKey } from './support/signing-key.mjs';
import { newSubject, useWorld } from './support/world.mjs';

describe('authentication', () => {
  let key;
  const world = useWorld({
    startBackstage: async starting => {
      key = await starting.add(new SigningKey());
      return Backstage.start({ configs: [key.config] });
    },
  });

  const tokenWith = parts => key.token(`${world.backstage.url}/api/auth`, parts);

  async function assertRefused(token, answer) {
    const { status, headers, json, text } = await answer;
    assert.equal(status, 401, `${token}: ${text}`);
    assert.match(headers['content-type'], /^application\/json\b/);
    assert.equal(json.error.name, 'AuthenticationError');
    assert.ok(json.error.message.length > 0);
    assert.ok(!text.includes(token), 'the token is answered');
  }

  it('believes a token that Backstage has signed with RS256', async () => {
    const { event } = await world.deliver({ context: {} }, { user: 'user:partners/luc.martin' });
    assert.equal(event.context['user.metadata.namespace'], 'partners');
  });

  it('believes a token that the tests have signed as Backstage does: the refusals below are due to what differs', async () => {
    await world.deliver({}, { token: tokenWith({}) });
  });

  const now = Math.floor(Date.now() / 1000);
  const forgeries = {
    'has expired': { claims: { iat: now - 7200, exp: now - 3600 } },
    'never expires': { claims: { exp: undefined } },
    'is nobody\'s': { claims: { sub: undefined } },
    'another portal has issued': { claims: { iss: 'https://other.example/api/auth' } },
    'is of another type': { header: { typ: 'JWT' } },
    'is a limited user\'s by its type': { header: { typ: 'vnd.backstage.limited-user' } },
    'is not signed': { header: { alg: 'none' } },
    'is signed with the public key': { header: { alg: 'HS256' } },
    'is signed with an unknown key': { header: { kid: 'unknown' } },
  };
  for (const [what, parts] of Object.entries(forgeries)) {
    it(`refuses a token that ${what}`, async () => {
      const token = tokenWith(parts);
      await assertRefused(token, world.relay.post('app', { action: 'click', subject: newSubject() }, { token }));
    });
  }

  it('refuses a token whose user was changed after it was signed', async () => {
    const [header, , signature] = (await world.tokenOf('user:default/ada.byron')).split('.');
    const [, claims] = tokenWith({ claims: { sub: 'user:default/carla.rossi' } }).split('.');
    const token = [header, claims, signature].join('.');
    await assertRefused(token, world.relay.post('app', { action: 'click', subject: newSubject() }, { token }));
  });

  it('refuses a limited user token', async () => {
    const token = await world.backstage.limitedUserToken(await world.tokenOf('user:default/ada.byron'));
    await assertRefused(token, world.relay.post('app', { action: 'click', subject: newSubject() }, { token }));
  });

  it('refuses the relay\'s own catalog token', async () => {
    const token = world.backstage.catalogToken;
    await assertRefused(token, world.relay.post('app', { action: 'click', subject: newSubject() }, { token }));
  });

  it('refuses garbage everywhere, and keeps nothing of what came with it', async () => {
    const subject = newSubject();
    for (const token of ['garbage', 'a.b.c', `${await world.tokenOf('user:default/ada.byron')}x`]) {
      for (const where of ['app', 'agent', 'events']) {
        await assertRefused(token, world.relay.post(where, { action: 'click', subject }, { token }));
      }
      await assertRefused(token, world.relay.totalUsers(token));
    }
    await world.deliver({}, { user: 'user:default/ada.byron' });
    assert.equal(world.receiver.about(subject).length, 0);
  });

  it('asks for no token at /health', async () => {
    assert.equal((await world.relay.health()).status, 200);
  });
});
