// The built jar as an operator runs it: application.yaml and routes/ beside it, everything else from the environment.
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareEnvironment, Child } from './child.mjs';
import { freePort, request } from './http.mjs';
import { eventually } from './wait.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const JAR = resolve(process.env.RELAY_JAR ?? join(ROOT, 'target/insights-relay.jar'));
const START_LIMIT = 90_000;

export const API_TOKEN = 'e2e-api-token_of.spotify+/=';
export const IDENTITY_SALT = 'e2e salt';

const PATHS = {
  app: '/api/backstage-insights/events/app',
  agent: '/api/backstage-insights/events/agent',
  events: '/v1/events',
  health: '/api/backstage-insights/health',
  totalUsers: '/api/backstage-insights/catalog/total-users',
};

export class Relay {
  #child;
  #folder;

  constructor(url, management, child, folder) {
    this.url = url;
    this.management = management;
    this.#child = child;
    this.#folder = folder;
  }

  /** Gives a relay that is ready, with `pasted`, a piece of a Backstage app-config.yaml, at the end of its application.yaml. */
  static async start({ backstage, receiver, pasted = '' }) {
    if (!existsSync(JAR)) {
      throw new Error(`There is no ${JAR}. Build it (mvn -q -DskipTests package), or name another in RELAY_JAR.`);
    }
    const folder = mkdtempSync(join(tmpdir(), 'insights-relay-e2e-'));
    cpSync(join(ROOT, 'routes'), join(folder, 'routes'), { recursive: true });
    cpSync(join(ROOT, 'application.yaml'), join(folder, 'application.yaml'));
    appendFileSync(join(folder, 'application.yaml'), `\n${pasted}`);

    const [port, managementPort] = [await freePort(), await freePort()];
    const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';
    const child = new Child('the relay', java, ['-Xmx512m', '-jar', JAR], {
      cwd: folder,
      env: {
        ...bareEnvironment(),
        RELAY_PORT: String(port),
        RELAY_MANAGEMENT_PORT: String(managementPort),
        RELAY_DATA_DIR: join(folder, 'data'),
        RELAY_IDENTITY_SALT: IDENTITY_SALT,
        BACKSTAGE_BASE_URL: backstage.url,
        BACKSTAGE_TOKEN: backstage.catalogToken,
        SPOTIFY_BACKSTAGE_API_TOKEN: API_TOKEN,
        // With a path, as Spotify's has one: /v1/capture/... comes after it.
        SPOTIFY_BASE_URL: `${receiver.url}/insights`,
      },
    });
    const relay = new Relay(`http://127.0.0.1:${port}`, `http://127.0.0.1:${managementPort}`, child, folder);
    try {
      await eventually('the relay is ready', START_LIMIT, async () => {
        child.checkRunning();
        return (await request(`${relay.management}/actuator/health/readiness`, { timeout: 5_000 })).status === 200;
      });
    } catch (error) {
      await relay.stop();
      throw new Error(`${error.message}\n${child.log}`);
    }
    return relay;
  }

  get log() {
    return this.#child.log;
  }

  /** All that it has printed. */
  get output() {
    return this.#child.output;
  }

  async stop() {
    await this.#child.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Posts an event to 'app', 'agent' or 'events'; options as in http.mjs. */
  post(where, body, options) {
    return request(this.url + PATHS[where], { method: 'POST', body, ...options });
  }

  health() {
    return request(this.url + PATHS.health);
  }

  /** Asks how many users there are; filters are [key, value] pairs. */
  totalUsers(token, ...filters) {
    const query = new URLSearchParams(filters.map(([key, value]) => [`filters[${key}][]`, value]));
    return request(`${this.url}${PATHS.totalUsers}?${query}`, { token });
  }

  /** A metric without tags, by its name in Prometheus. */
  async metric(name) {
    const { text } = await request(`${this.management}/actuator/prometheus`);
    return Number(text.match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1] ?? NaN);
  }

  /** The dead letters, [{id, ...}]. */
  async deadLetters() {
    return (await this.#manage('GET', '/management/dead-letters')).deadLetters;
  }

  replay(id) {
    return this.#manage('POST', `/management/dead-letters/${id}/replay`);
  }

  async #manage(method, path) {
    const { status, text, json } = await request(this.management + path, { method });
    if (status < 200 || status > 299) {
      throw new Error(`${method} ${path}: ${status} ${text}`);
    }
    return json;
  }
}
