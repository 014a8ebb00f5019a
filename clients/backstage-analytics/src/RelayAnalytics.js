import { EventQueue, newId } from './EventQueue.js';

const LOCK = 'insights-relay-send';
/** What a browser lets leave a page that is being closed, 64 KiB in all, less the headers' share. */
const MOST_BYTES = 60_000;
const ANSWER_WITHIN = 30_000;
const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 5 * 60_000;
const SECOND = 1_000;
const HOUR = 3_600_000;

/** Retry-After in ms, given in seconds or as a date; 0 where it is neither. */
function retryAfter(answer) {
  const value = answer?.headers.get('retry-after') ?? '';
  const wait = /^\d+$/.test(value) ? Number(value) * SECOND : Date.parse(value) - Date.now();
  return Math.max(0, wait || 0);
}

/** localStorage, or undefined where the browser forbids it. */
function browserStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

/** Backstage's AnalyticsApi for Insights Relay. What it does is told by ../README.md, its types by index.d.ts. */
export class RelayAnalytics {
  #endpoint;
  #identityApi;
  #batchSize;
  #flushInterval;
  #queue;
  #page;
  #user;
  #token;
  /** Entries that this tab has added and not yet tried to send. */
  #unsent = new Set();
  #timer;
  #timerAt = Infinity;
  #notBefore = 0;
  #failures = 0;
  #sending = false;
  #onDropped;

  static fromConfig(config, { identityApi, ...others }) {
    const settings = config.getConfig('app.analytics.insightsRelay');
    const scaled = (key, unit) => {
      const value = settings.getOptionalNumber(key);
      return value === undefined ? undefined : value * unit;
    };
    return new RelayAnalytics({
      endpoint: settings.getString('endpoint'),
      batchSize: scaled('batchSize', 1),
      flushInterval: scaled('flushSeconds', SECOND),
      maxEvents: scaled('maxEvents', 1),
      maxAge: scaled('maxAgeHours', HOUR),
      identityApi,
      ...others,
    });
  }

  constructor({
    endpoint,
    identityApi,
    batchSize = 50,
    flushInterval = 5 * SECOND,
    maxEvents = 1000,
    maxAge = 168 * HOUR,
    storage = browserStorage(),
    page = globalThis.document,
    onDropped = (count, why) => console.warn(`${count} analytics events were dropped: ${why}`),
  }) {
    this.#endpoint = endpoint;
    this.#identityApi = identityApi;
    this.#batchSize = batchSize;
    this.#flushInterval = flushInterval;
    this.#onDropped = onDropped;
    this.#queue = new EventQueue({ storage, maxEvents, maxAge, onDropped });
    this.#page = page;
    page?.addEventListener('visibilitychange', () => page.visibilityState === 'hidden' && this.#leave());
    globalThis.addEventListener?.('pagehide', () => this.#leave());
    globalThis.addEventListener?.('online', () => {
      this.#notBefore = 0;
      this.#schedule(0);
    });
    // so that a page that is left soon has a token; while it has none the first flush asks again
    this.#identify().catch(() => {});
    // what an earlier page left behind
    this.#schedule(Math.random() * this.#flushInterval);
  }

  captureEvent({ action, subject, value, attributes, context }) {
    const event = { id: newId(), action, subject, value, attributes, context: { ...context, timestamp: new Date().toISOString() } };
    this.#unsent.add(this.#queue.add(event, this.#user));
    if (this.#page?.visibilityState === 'hidden') {
      this.#leave();
    } else {
      this.#schedule(this.#unsent.size < this.#batchSize ? this.#flushInterval : 0);
    }
  }

  /** Has what waits sent in so many ms, unless that is planned for earlier, or the relay asked for more time. */
  #schedule(wait) {
    const at = Math.max(Date.now() + wait, this.#notBefore);
    if (at >= this.#timerAt) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.flush().catch(() => this.#retryLater());
    }, at - Date.now());
    // a program that is no browser ends without waiting for this
    this.#timer.unref?.();
  }

  async flush() {
    if (this.#sending) {
      // what came meanwhile is seen then, if not by that
      this.#schedule(this.#flushInterval);
      return;
    }
    this.#sending = true;
    try {
      // before anybody is signed in Backstage answers only when somebody is
      await this.#identify();
      // one tab at a time; where the browser has no locks two tabs may send the same, and the relay takes it once
      const { locks } = globalThis.navigator ?? {};
      const whenFree = lock => (lock ? this.#sendAll() : this.#schedule(this.#flushInterval));
      await (locks ? locks.request(LOCK, { ifAvailable: true }, whenFree) : this.#sendAll());
    } finally {
      this.#sending = false;
    }
  }

  async #sendAll() {
    let count = this.#batchSize;
    let signedInAgain = false;
    for (;;) {
      const batch = this.#queue.take({ user: this.#user, count, bytes: MOST_BYTES });
      if (batch.length === 0) {
        return;
      }
      const answer = await this.#post(batch);
      if (answer?.ok) {
        this.#failures = 0;
        this.#queue.remove(batch.map(({ key }) => key));
      } else if (answer?.status === 401 && !signedInAgain) {
        // the token ran out between two requests: Backstage gives a new one
        signedInAgain = true;
        await this.#identify();
      } else if (answer?.status === 400 || answer?.status === 413) {
        // one of them is not acceptable: the others go without it
        if (batch.length === 1) {
          this.#queue.remove([batch[0].key]);
          this.#onDropped(1, 'refused');
        }
        count = Math.max(1, Math.floor(batch.length / 2));
        continue;
      } else {
        this.#retryLater(answer);
        return;
      }
      count = this.#batchSize;
    }
  }

  /** Finds out who is signed in, and gets a token that is good for now. */
  async #identify() {
    const [{ userEntityRef }, { token }] = await Promise.all([this.#identityApi.getBackstageIdentity(), this.#identityApi.getCredentials()]);
    this.#user = userEntityRef;
    this.#token = token;
  }

  /** Posts events; undefined where nobody answers. */
  async #post(batch) {
    batch.forEach(({ key }) => this.#unsent.delete(key));
    try {
      return await fetch(this.#endpoint, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) },
        body: `[${batch.map(({ text }) => text).join()}]`,
        // it arrives even if the page is closed meanwhile
        keepalive: true,
        credentials: 'omit',
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
    } catch {
      return undefined;
    }
  }

  /** A random wait, twice as long at most with each failure, and never less than the relay asked for. */
  #retryLater(answer) {
    const backoff = Math.random() * Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** this.#failures++);
    this.#notBefore = Date.now() + Math.max(backoff, retryAfter(answer));
    // what was planned while the answer was on its way would not wait
    this.#timerAt = Infinity;
    this.#schedule(0);
  }

  /** The page may not come back: what this tab has not tried to send goes out, in one request. It waits for no answer, so it stays queued until one comes. */
  #leave() {
    if (this.#unsent.size === 0 || Date.now() < this.#notBefore || !this.#token) {
      return;
    }
    const batch = this.#queue.take({ user: this.#user, count: this.#batchSize, bytes: MOST_BYTES, only: this.#unsent });
    if (batch.length > 0) {
      this.#post(batch).then(answer => answer?.ok && this.#queue.remove(batch.map(({ key }) => key)));
    }
  }
}
