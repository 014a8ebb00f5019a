// The events of this browser that are not with the relay yet. Each has an entry of its own in the storage, so that no tab
// overwrites what another has written, and is there from the moment in which add() returns.

const PREFIX = 'insights-relay:';
const NOBODY = '';
const encoder = new TextEncoder();

let lastMillis = 0;
let counter = 0;

/** A UUIDv7: ids of one tab sort by the order in which they were made. crypto.randomUUID is missing on pages without TLS. */
export function newId(now = Date.now()) {
  if (now > lastMillis) {
    lastMillis = now;
    counter = 0;
  } else if (++counter > 0xfff) {
    lastMillis++;
    counter = 0;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(lastMillis) << 16n) | BigInt(0x7000 | counter));
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const madeAt = id => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** Stands in where the browser gives no storage: it lives as long as the page. */
class PageStorage {
  #entries = new Map();

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
    this.#entries.set(key, value);
  }

  removeItem(key) {
    this.#entries.delete(key);
  }
}

export class EventQueue {
  #storage;
  #page = new PageStorage();
  #maxEvents;
  #maxAge;
  #onDropped;

  /**
   * @param storage as localStorage, or undefined
   * @param maxEvents most events that wait; beyond it the oldest are dropped
   * @param maxAge ms; older events are dropped
   * @param onDropped called with how many, and why: 'full' or 'old'
   */
  constructor({ storage, maxEvents, maxAge, onDropped }) {
    this.#storage = storage;
    this.#maxEvents = maxEvents;
    this.#maxAge = maxAge;
    this.#onDropped = onDropped;
  }

  /** Adds an event with its id. @param user entity ref, undefined while nobody is known. Gives the entry's key. */
  add(event, user = NOBODY) {
    const entries = this.#entries();
    this.#drop(entries.slice(0, Math.max(0, entries.length + 1 - this.#maxEvents)), 'full');
    const key = `${PREFIX}${encodeURIComponent(user)}:${event.id}`;
    const text = JSON.stringify(event);
    try {
      (this.#storage ?? this.#page).setItem(key, text);
    } catch {
      // no room, or the browser forbids it
      this.#page.setItem(key, text);
    }
    return key;
  }

  /**
   * The oldest events that a user may send: the user's own, and those of before anybody was signed in.
   *
   * @param count most events
   * @param bytes most bytes of a JSON array of them; one that is larger comes alone
   * @param only keys that count, or undefined for all
   * @returns [{key, text}], text being the event's JSON
   */
  take({ user = NOBODY, count, bytes, only, now = Date.now() }) {
    const entries = this.#entries();
    const old = entries.filter(({ id }) => madeAt(id) < now - this.#maxAge);
    this.#drop(old, 'old');
    const taken = [];
    let size = 2;
    for (const entry of entries) {
      if (taken.length === count) {
        break;
      }
      const text = old.includes(entry) || (entry.user !== user && entry.user !== NOBODY) || (only && !only.has(entry.key)) ? null : this.#read(entry.key);
      if (text !== null) {
        size += encoder.encode(text).length + 1;
        if (size > bytes && taken.length > 0) {
          break;
        }
        taken.push({ key: entry.key, text });
      }
    }
    return taken;
  }

  remove(keys) {
    for (const key of keys) {
      this.#page.removeItem(key);
      this.#storage?.removeItem(key);
    }
  }

  /** How many events wait, whoever they are of. */
  get length() {
    return this.#entries().length;
  }

  #read(key) {
    return this.#page.getItem(key) ?? this.#storage?.getItem(key) ?? null;
  }

  #drop(entries, why) {
    if (entries.length > 0) {
      this.remove(entries.map(({ key }) => key));
      this.#onDropped(entries.length, why);
    }
  }

  /** Oldest first. */
  #entries() {
    const entries = [];
    for (const storage of this.#storage ? [this.#storage, this.#page] : [this.#page]) {
      for (let index = 0; index < storage.length; index++) {
        const key = storage.key(index);
        const [, user, id] = key?.match(/^insights-relay:([^:]*):([0-9a-f-]{36})$/) ?? [];
        if (id) {
          entries.push({ key, id, user: decodeURIComponent(user) });
        }
      }
    }
    return entries.sort((one, other) => (one.id < other.id ? -1 : 1));
  }
}
