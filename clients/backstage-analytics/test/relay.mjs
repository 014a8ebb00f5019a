// What the tests have the module talk to: a server on loopback that answers as it is told to, a storage that several tabs share, and
// a page that can be left.
import { once } from 'node:events';
import http from 'node:http';

export class Relay {
  /** Every request: {headers, events, status}. */
  requests = [];
  /** Gives {status, headers} for a request, or nothing for 202. */
  answer = () => undefined;
  #server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) {
      body += chunk;
    }
    const recorded = { headers: request.headers, events: JSON.parse(body) };
    this.requests.push(recorded);
    const { status = 202, headers = {}, hangUp = false } = this.answer(recorded, this.requests.length) ?? {};
    recorded.status = status;
    if (hangUp) {
      response.destroy();
    } else {
      response.writeHead(status, headers).end('{}');
    }
  });

  static async start() {
    const relay = new Relay();
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/v1/events`;
  }

  /** The subjects of the events that were accepted. */
  get accepted() {
    return this.requests.filter(({ status }) => status === 202).flatMap(({ events }) => events.map(({ subject }) => subject));
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export class SharedStorage {
  #entries = new Map();
  /** Most characters. */
  room = Infinity;

  get length() {
    return this.#entries.size;
  }

  key(index) {
    return [...this.#entries.keys()][index] ?? null;
  }

  getItem(key) {
    return this.#entries.get(key) ?? null;
  }

  setItem(key, value) {
    if ([...this.#entries.values(), value].join('').length > this.room) {
      throw new DOMException('no room', 'QuotaExceededError');
    }
    this.#entries.set(key, String(value));
  }

  removeItem(key) {
    this.#entries.delete(key);
  }
}

export class Page extends EventTarget {
  visibilityState = 'visible';

  hide() {
    this.visibilityState = 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** Somebody who is signed in; tokens run out when told to. */
export class Identity {
  tokens = 1;

  constructor(user = 'user:default/ada') {
    this.user = user;
  }

  async getBackstageIdentity() {
    if (!this.user) {
      throw new Error('nobody is signed in');
    }
    return { type: 'user', userEntityRef: this.user, ownershipEntityRefs: [] };
  }

  async getCredentials() {
    return { token: `token-${this.tokens}` };
  }
}

/** Waits until something holds; fails after 10 s. */
export async function until(what, holds) {
  for (const end = Date.now() + 10_000; !holds(); ) {
    if (Date.now() > end) {
      throw new Error(`not within 10 s: ${what}`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
