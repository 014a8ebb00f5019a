// Stands where Spotify's Insights interface would: records what arrives and answers as it is told to.
// By hand: node receiver.mjs [port] prints every request. It answers 200 to all.
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/**
 * Reads the names of a form back into what they were made of: a[b]=c is an object, a[0]=x a list. A name within the
 * brackets is taken whole, dots included, as PHP and qs do: context[entity.spec.type] is one member of context.
 */
export function unflatten(form) {
  const root = {};
  for (const [name, value] of Object.entries(form)) {
    const steps = [name.replace(/\[.*$/s, ''), ...Array.from(name.matchAll(/\[([^\]]*)\]/g), match => match[1])];
    const last = steps.pop();
    steps.reduce((parent, step) => (parent[step] ??= {}), root)[last] = value;
  }
  return listsOf(root);
}

function listsOf(value) {
  if (typeof value !== 'object') {
    return value;
  }
  const entries = Object.entries(value).map(([name, member]) => [name, listsOf(member)]);
  return entries.length > 0 && entries.every(([name], index) => name === String(index))
    ? entries.map(([, member]) => member)
    : Object.fromEntries(entries);
}

function read(request, body) {
  const recorded = {
    method: request.method,
    path: request.url,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
    at: Date.now(),
  };
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    recorded.form = Object.fromEntries(new URLSearchParams(body));
    recorded.event = unflatten(recorded.form);
  } else {
    try {
      recorded.event = JSON.parse(body);
    } catch {
      // Neither a form nor JSON: the test that looks at the body will say so.
    }
  }
  return recorded;
}

export class Receiver {
  /** Every request so far, oldest first, with the status that it was answered with. */
  requests = [];
  #server = http.createServer((request, response) => this.#receive(request, response));
  #behaviour = () => undefined;

  static async start(port = 0) {
    const receiver = new Receiver();
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** From now on, a function of the request says what becomes of it: {status, headers, delay in ms}, or nothing for 200. */
  behave(behaviour) {
    this.#behaviour = behaviour;
  }

  /** The requests that carry an event with this subject. */
  about(subject) {
    return this.requests.filter(request => request.event?.subject === subject);
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #receive(request, response) {
    const chunks = [];
    try {
      for await (const chunk of request) {
        chunks.push(chunk);
      }
    } catch {
      return; // The sender broke off: that was no request.
    }
    const recorded = read(request, Buffer.concat(chunks).toString('utf8'));
    const { status = 200, headers = {}, delay = 0 } = this.#behaviour(recorded) ?? {};
    recorded.status = status;
    this.requests.push(recorded);
    if (delay > 0) {
      await sleep(delay);
    }
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{}');
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const receiver = await Receiver.start(Number(process.argv[2] ?? 9000));
  receiver.behave(({ method, path, headers, event, body }) => {
    console.log(`${method} ${path}\n${JSON.stringify({ headers, event: event ?? body }, null, 2)}`);
  });
  console.log(`Receiving on ${receiver.url}. Start the relay with SPOTIFY_BASE_URL=${receiver.url}/insights`);
}
