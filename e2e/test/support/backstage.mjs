// The real Backstage of ../../backstage as a process, and what tests ask of it.
import { fileURLToPath } from 'node:url';
import { totals } from './catalog-files.mjs';
import { bareEnvironment, Child } from './child.mjs';
import { freePort, request } from './http.mjs';
import { eventually } from './wait.mjs';

const E2E = fileURLToPath(new URL('../../', import.meta.url));
const CATALOG_TOKEN = 'e2e-catalog-token-of-the-relay';
const START_LIMIT = 120_000;

export class Backstage {
  /** The token with which the relay may read the catalog, and nothing else. */
  catalogToken = CATALOG_TOKEN;
  #child;

  constructor(url, child) {
    this.url = url;
    this.#child = child;
  }

  /**
   * Gives a Backstage that answers; with a complete catalog, unless `holdFile` names a file that exists.
   *
   * @param port where it listens; a free one if none is given
   * @param url under which others reach it, if that is not the port
   * @param holdFile keeps the catalog loading while it exists
   * @param configs more app-config files
   */
  static async start({ port, url, holdFile = '', configs = [] } = {}) {
    const listen = port ?? (await freePort());
    const base = url ?? `http://127.0.0.1:${listen}`;
    const files = ['backstage/app-config.yaml', ...configs].flatMap(file => ['--config', file]);
    const child = new Child('Backstage', process.execPath, ['backstage/index.mjs', ...files], {
      cwd: E2E,
      env: {
        ...bareEnvironment(),
        NODE_ENV: 'production',
        LOG_LEVEL: 'warn',
        EXIT_WITH_PARENT: 'true',
        PORT: String(listen),
        BASE_URL: base,
        CATALOG_TOKEN,
        CATALOG_HOLD_FILE: holdFile,
      },
    });
    const backstage = new Backstage(base, child);
    try {
      await eventually('Backstage is ready', START_LIMIT, async () => {
        child.checkRunning();
        return (await request(`${base}/.backstage/health/v1/readiness`, { timeout: 5_000 })).status === 200;
      });
      if (!holdFile) {
        await backstage.catalogIsComplete();
      }
    } catch (error) {
      await child.stop();
      throw new Error(`${error.message}\n${child.log}`);
    }
    return backstage;
  }

  get log() {
    return this.#child.log;
  }

  stop() {
    return this.#child.stop();
  }

  /** Waits until every entity is there, with its relations. */
  catalogIsComplete() {
    return eventually('the catalog is complete', START_LIMIT, async () => {
      this.#child.checkRunning();
      const { json } = await this.#catalog('/entities?filter=kind=user&filter=kind=group&filter=kind=component&filter=kind=template');
      const relations = type => json.flatMap(entity => entity.relations ?? []).filter(relation => relation.type === type).length;
      return json.length === totals.entities && relations('memberOf') === totals.memberOf && relations('childOf') === totals.childOf;
    });
  }

  /** What the catalog answers for a list of refs. */
  async byRefs(...entityRefs) {
    const { json } = await this.#catalog('/entities/by-refs', { method: 'POST', body: { entityRefs } });
    return json.items;
  }

  /** The token that a user gets by signing in. */
  async signIn(userEntityRef) {
    const { status, text, json } = await request(`${this.url}/api/auth/header/refresh`, { headers: { 'x-e2e-user': userEntityRef } });
    if (status !== 200) {
      throw new Error(`signing in ${userEntityRef}: ${status} ${text}`);
    }
    return json.backstageIdentity.token;
  }

  /** The token that the plugin insights-agent gets to call another with: on its own account, or a user's. */
  pluginToken({ userToken, target = 'backstage-insights' } = {}) {
    return this.#agent(`/plugin-token?target=${target}`, userToken);
  }

  /** The user's token that Backstage puts into cookies, and that it refuses as a Bearer. */
  limitedUserToken(userToken) {
    return this.#agent('/limited-user-token', userToken);
  }

  async #agent(path, token) {
    const { status, text, json } = await request(`${this.url}/api/insights-agent${path}`, { token });
    if (status !== 200) {
      throw new Error(`${path}: ${status} ${text}`);
    }
    return json.token;
  }

  async #catalog(path, options) {
    const answer = await request(`${this.url}/api/catalog${path}`, { token: CATALOG_TOKEN, ...options });
    if (answer.status !== 200) {
      throw new Error(`the catalog: ${answer.status} ${answer.text}`);
    }
    return answer;
  }
}
