// App events: what a portal's page posts, and what Spotify gets of it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INSIGHTS } from './support/app-config.mjs';
import { users } from './support/catalog-files.mjs';
import { API_TOKEN } from './support/relay.mjs';
import { added, newSubject, useWorld } from './support/world.mjs';

const ADA = 'user:default/ada.byron';
const GATEWAY = 'component:default/payment-gateway';

/** Everything of a request as one text, with the form's percent signs read. */
const everything = request => [request.path, ...request.rawHeaders, request.body, JSON.stringify(request.form ?? '')].join('\n');

/** The group refs in user.spec.memberOf.0, .1, ..., which have to be numbered without a gap. */
function memberOf(context) {
  const prefix = 'user.spec.memberOf.';
  const names = Object.keys(context).filter(name => name.startsWith(prefix));
  const numbers = names.map(name => Number(name.slice(prefix.length))).sort((a, b) => a - b);
  assert.deepEqual(numbers, numbers.map((_, index) => index));
  return names.map(name => context[name]).sort();
}

describe('app events', () => {
  const world = useWorld({ pasted: INSIGHTS });

  describe('on the wire', () => {
    it('are one form each, under Spotify\'s path and the API token', async () => {
      const request = await world.deliver({}, { user: ADA });
      assert.equal(request.method, 'POST');
      assert.equal(request.path, '/insights/v1/capture/app');
      assert.match(request.headers['content-type'], /^application\/x-www-form-urlencoded\b/);
      assert.equal(request.headers.authorization, `Bearer ${API_TOKEN}`);
    });

    it('carry the browser\'s headers and no other of the caller\'s', async () => {
      const token = await world.tokenOf(ADA);
      const request = await world.deliver({}, {
        token,
        headers: {
          'User-Agent': 'Mozilla/5.0 (e2e)',
          'Accept-Language': 'de-CH, fr;q=0.8',
          Referer: 'https://portal.acme.example/catalog',
          Cookie: 'backstage-auth=cookie-of-the-caller',
          'X-Forwarded-For': '203.0.113.77',
          'X-Custom': 'header-of-the-caller',
        },
      });
      assert.equal(request.headers['user-agent'], 'Mozilla/5.0 (e2e)');
      assert.equal(request.headers['accept-language'], 'de-CH, fr;q=0.8');
      assert.equal(request.headers.referer, 'https://portal.acme.example/catalog');
      for (const secret of [token, 'cookie-of-the-caller', '203.0.113.77', 'header-of-the-caller', world.backstage.catalogToken]) {
        assert.ok(!everything(request).includes(secret), `${secret} goes out`);
      }
    });

    it('take the page\'s origin for the Referer where the request had none', async () => {
      const request = await world.deliver({ context: { _origin: 'https://portal.acme.example', pluginId: 'catalog' } }, { user: ADA });
      assert.equal(request.headers.referer, 'https://portal.acme.example');
      assert.equal(request.event.context.pluginId, 'catalog');
      assert.ok(!('_origin' in request.event.context));
    });

    it('prefer the request\'s own Referer, and do not pass the origin on then either', async () => {
      const request = await world.deliver({ context: { _origin: 'https://other.example' } },
        { user: ADA, headers: { Referer: 'https://portal.acme.example/docs' } });
      assert.equal(request.headers.referer, 'https://portal.acme.example/docs');
      assert.ok(!everything(request).includes('_origin'));
    });

    it('keep members that nobody knows, nested and listed, with null as an empty value', async () => {
      const { form } = await world.deliver({
        action: 'search',
        value: 12.5,
        flag: false,
        nothing: null,
        'läng & = + %': 'Zürich ☕ a+b=c&d%',
        attributes: { deep: { er: 'x', none: null } },
        list: ['a', { b: 'c' }, ['d', 7]],
      }, { user: ADA });
      const expected = {
        action: 'search',
        value: '12.5',
        flag: 'false',
        nothing: '',
        'läng & = + %': 'Zürich ☕ a+b=c&d%',
        'attributes[deep][er]': 'x',
        'attributes[deep][none]': '',
        'list[0]': 'a',
        'list[1][b]': 'c',
        'list[2][0]': 'd',
        'list[2][1]': '7',
      };
      for (const [name, value] of Object.entries(expected)) {
        assert.equal(form[name], value, name);
      }
    });

    it('name what was added as flat members of context', async () => {
      const { form } = await world.deliver({ context: { pluginId: 'catalog', entityRef: GATEWAY } }, { user: ADA });
      assert.equal(form['context[pluginId]'], 'catalog');
      assert.equal(form['context[entityRef]'], GATEWAY);
      assert.equal(form['context[entity.spec.type]'], 'service');
      assert.equal(form['context[user.metadata.namespace]'], 'default');
    });

    it('may come as text/plain from an anonymous page, as sendBeacon sends them', async () => {
      const subject = newSubject();
      const { status, text } = await world.relay.post('app', JSON.stringify({ action: 'navigate', subject }),
        { headers: { 'Content-Type': 'text/plain;charset=UTF-8' } });
      assert.equal(status, 202, text);
      assert.equal((await world.arrival(subject)).event.action, 'navigate');
    });
  });

  describe('about an entity', () => {
    it('get its fields, those captured by default and those of captureEntityFields', async () => {
      const context = await world.deliveredContext({ entityRef: GATEWAY }, { user: ADA });
      const { 'entity.metadata.annotations.example.com/on-call': onCall, 'entity.metadata.annotations.example.com/hotline': hotline,
        ...others } = added(context, 'entity');
      assert.deepEqual(others, {
        'entity.kind': 'Component',
        'entity.metadata.namespace': 'default',
        'entity.spec.type': 'service',
        'entity.spec.lifecycle': 'production',
        'entity.spec.owner': 'group:default/payments',
        'entity.metadata.annotations.example.com/cost.center': 'CC-4711',
        'entity.metadata.tags.0': 'java',
        'entity.metadata.tags.1': 'pci',
      });
    });

    it('get no e-mail address and no phone number from a captured field', async () => {
      const request = await world.deliver({ context: { entityRef: GATEWAY } }, { user: ADA });
      assert.equal(request.event.context['entity.metadata.annotations.example.com/cost.center'], 'CC-4711');
      assert.doesNotMatch(everything(request), /night\.desk|acme\.example|44 668/);
    });

    it('get only what it has', async () => {
      const context = await world.deliveredContext({ entityRef: 'component:default/design-tokens' }, { user: ADA });
      assert.deepEqual(added(context, 'entity'), {
        'entity.kind': 'Component',
        'entity.metadata.namespace': 'default',
        'entity.spec.type': 'library',
        'entity.spec.lifecycle': 'experimental',
        'entity.spec.owner': 'Night-Watch',
      });
    });

    it('get the time that a template saves', async () => {
      const context = await world.deliveredContext({ entityRef: 'template:default/new-service' }, { user: ADA });
      assert.deepEqual(added(context, 'entity'), {
        'entity.kind': 'Template',
        'entity.metadata.namespace': 'default',
        'entity.metadata.annotations.backstage.io/time-saved': 'PT4H',
        'entity.spec.type': 'service',
        'entity.spec.owner': 'group:default/platform',
      });
    });

    it('may write its ref in capitals', async () => {
      const context = await world.deliveredContext({ entityRef: 'Component:Default/Payment-Gateway' }, { user: ADA });
      assert.equal(context['entity.spec.owner'], 'group:default/payments');
      assert.equal(context.entityRef, 'Component:Default/Payment-Gateway');
    });

    it('get that of the right namespace', async () => {
      const context = await world.deliveredContext({ entityRef: 'component:partners/payment-gateway' }, { user: ADA });
      assert.equal(context['entity.metadata.namespace'], 'partners');
      assert.equal(context['entity.spec.type'], 'website');
    });

    it('may be about a user, whose profile stays here', async () => {
      const request = await world.deliver({ context: { entityRef: 'User:default/Dmitri.Lopez' } }, { user: ADA });
      assert.equal(request.event.context['entity.kind'], 'User');
      assert.doesNotMatch(everything(request), /dmitri lopez|dmitri\.lopez@|pictures/i);
    });

    it('go on without members where the catalog does not know it', async () => {
      const context = await world.deliveredContext({ entityRef: 'component:default/nowhere', pluginId: 'catalog' }, { user: ADA });
      assert.deepEqual(added(context, 'entity'), {});
      assert.equal(context.entityRef, 'component:default/nowhere');
      assert.equal(context.pluginId, 'catalog');
      assert.equal(context['user.metadata.namespace'], 'default');
    });

    it('go on as they are where the ref is none', async () => {
      for (const entityRef of ['::/', 'x'.repeat(500), 42]) {
        const context = await world.deliveredContext({ entityRef }, { user: ADA });
        assert.deepEqual(added(context, 'entity'), {});
        assert.equal(context.entityRef, String(entityRef));
      }
    });
  });

  describe('of a user', () => {
    // Which groups are kept stands in catalog/groups.yaml.
    const expected = {
      'user:default/dmitri.lopez': ['group:default/engineering', 'group:default/payments', 'group:default/platform'],
      'user:default/ada.byron': ['group:default/engineering', 'group:default/payments'],
      'user:default/grace.wu': ['group:default/engineering', 'group:default/platform'],
      'user:default/noor.haddad': ['group:default/engineering', 'group:default/payments', 'group:default/platform'],
      'user:default/tomas.nilsen': ['group:default/engineering', 'group:default/platform'],
      'user:default/mei.tanaka': ['group:default/engineering'],
      'user:default/olga.petrova': ['group:default/field-sales'],
      'user:default/sam.okoro': [],
      'user:default/carla.rossi': [],
      'user:default/lone.wolf': [],
      'user:partners/ines.ferrari': ['group:default/engineering', 'group:partners/agency'],
      'user:partners/luc.martin': ['group:default/engineering', 'group:default/platform', 'group:partners/agency'],
    };
    for (const [user, groups] of Object.entries(expected)) {
      it(`${user} bring the groups that the filter accepts: ${groups.length}`, async () => {
        const context = await world.deliveredContext({}, { user });
        assert.equal(context['user.metadata.namespace'], user.split(/[:/]/)[1]);
        assert.deepEqual(memberOf(context), groups);
      });
    }

    it('with capitals in the token are enriched all the same', async () => {
      const context = await world.deliveredContext({}, { user: 'User:default/Dmitri.Lopez' });
      assert.deepEqual(memberOf(context), expected['user:default/dmitri.lopez']);
    });

    it('bring nothing of a profile, even where it is captured', async () => {
      for (const { metadata, spec } of users.filter(user => user.spec.profile)) {
        const request = await world.deliver({}, { user: `user:${metadata.namespace ?? 'default'}/${metadata.name}`.toLowerCase() });
        const sent = everything(request).toLowerCase();
        for (const value of Object.values(spec.profile)) {
          assert.ok(!sent.includes(value.toLowerCase()), `${value} goes out`);
        }
      }
    });

    it('whom the catalog does not know go on without members', async () => {
      const context = await world.deliveredContext({ entityRef: GATEWAY }, { user: 'user:default/ghost' });
      assert.deepEqual(added(context, 'user'), {});
      assert.equal(context['entity.kind'], 'Component');
    });

    it('is taken from the token, never from the body', async () => {
      const { event } = await world.deliver({ user: 'user:default/grace.wu', userId: 'grace.wu', context: { user: 'grace' } }, { user: 'user:default/olga.petrova' });
      assert.deepEqual(memberOf(event.context), ['group:default/field-sales']);
      assert.equal(event.user, 'user:default/grace.wu');
    });

    it('are accepted from nobody, and go on without a user', async () => {
      const context = await world.deliveredContext({ entityRef: GATEWAY });
      assert.deepEqual(added(context, 'user'), {});
      assert.equal(context['entity.kind'], 'Component');
    });
  });

  it('find the relay well', async () => {
    const { status, json } = await world.relay.health();
    assert.equal(status, 200);
    assert.deepEqual(json, { status: 'ok' });
  });

  it('leave no token in the relay\'s log', async () => {
    for (const secret of [API_TOKEN, world.backstage.catalogToken, await world.tokenOf(ADA)]) {
      assert.ok(!world.relay.output.includes(secret));
    }
  });
});
