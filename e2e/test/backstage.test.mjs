// What the relay takes for granted about Backstage, seen on the real one. When an upgrade of Backstage breaks the relay,
// this file says why. It needs no relay.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { users } from './support/catalog-files.mjs';
import { Backstage } from './support/backstage.mjs';
import { request } from './support/http.mjs';

const part = (token, index) => JSON.parse(Buffer.from(token.split('.')[index], 'base64url').toString());
const header = token => part(token, 0);
const claims = token => part(token, 1);

describe('Backstage', () => {
  let backstage;
  before(async () => {
    backstage = await Backstage.start();
  }, { timeout: 150_000 });
  after(() => backstage?.stop());

  const keys = async () => (await request(`${backstage.url}/api/auth/.well-known/jwks.json`)).json.keys;

  it('lists no key before the first sign-in, and the token\'s key afterwards', async () => {
    assert.deepEqual(await keys(), []);
    const token = await backstage.signIn('user:default/ada.byron');
    const listed = await keys();
    assert.equal(listed.length, 1);
    assert.equal(listed[0].kid, header(token).kid);
    assert.equal(listed[0].kty, 'EC');
  });

  it('issues user tokens', async () => {
    const token = await backstage.signIn('user:default/Dmitri.Lopez');
    assert.equal(header(token).typ, 'vnd.backstage.user');
    assert.equal(header(token).alg, 'ES256');
    const { iss, sub, aud, iat, exp } = claims(token);
    assert.deepEqual({ iss, sub, aud }, { iss: `${backstage.url}/api/auth`, sub: 'user:default/Dmitri.Lopez', aud: 'backstage' });
    assert.ok(exp > iat);
  });

  it('issues limited user tokens', async () => {
    const token = await backstage.limitedUserToken(await backstage.signIn('user:default/ada.byron'));
    assert.equal(header(token).typ, 'vnd.backstage.limited-user');
    assert.deepEqual(Object.keys(claims(token)).sort(), ['exp', 'iat', 'sub']);
  });

  it('issues plugin tokens, whose keys the plugin lists', async () => {
    const token = await backstage.pluginToken();
    assert.equal(header(token).typ, 'vnd.backstage.plugin');
    assert.equal(claims(token).sub, 'insights-agent');
    assert.equal(claims(token).aud, 'backstage-insights');
    assert.equal(claims(token).obo, undefined);
    const { json } = await request(`${backstage.url}/api/insights-agent/.backstage/auth/v1/jwks.json`);
    assert.ok(json.keys.some(key => key.kid === header(token).kid));
  });

  it('issues plugin tokens on behalf of a user', async () => {
    const userToken = await backstage.signIn('user:default/ada.byron');
    const token = await backstage.pluginToken({ userToken });
    assert.equal(claims(token).sub, 'insights-agent');
    assert.equal(header(claims(token).obo).typ, 'vnd.backstage.limited-user');
    assert.equal(claims(claims(token).obo).sub, 'user:default/ada.byron');
  });

  it('finds entities by full refs in lower case only', async () => {
    const [found, capitals, shortened, missing, again] = await backstage.byRefs('user:default/dmitri.lopez',
      'user:default/Dmitri.Lopez', 'dmitri.lopez', 'user:default/ghost', 'user:default/dmitri.lopez');
    assert.equal(found.metadata.name, 'Dmitri.Lopez');
    assert.deepEqual([capitals, shortened, missing], [null, null, null]);
    assert.deepEqual(again, found);
    assert.deepEqual(found.relations.map(relation => relation.targetRef).sort(), ['group:default/checkout', 'group:default/night-watch']);
  });

  it('counts users', async () => {
    const count = async filter => (await request(`${backstage.url}/api/catalog/entities/by-query?limit=0&filter=${encodeURIComponent(filter)}`,
      { token: backstage.catalogToken })).json.totalItems;
    assert.equal(await count('kind=user'), users.length);
    assert.equal(await count('kind=user,relations.memberOf=group:default/platform,relations.memberOf=group:default/payments'), 4);
  });

  it('lets the relay\'s token into the catalog only', async () => {
    const { status } = await request(`${backstage.url}/api/insights-agent/limited-user-token`, { token: backstage.catalogToken });
    assert.equal(status, 403);
  });
});
