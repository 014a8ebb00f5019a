// Programs that a test starts. Each is a process group of its own, and none outlives the test, however that ends.
import { spawn } from 'node:child_process';

const KEPT_LINES = 400;
const running = new Set();

process.on('exit', () => running.forEach(child => child.signal('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1));
}

export class Child {
  #process;
  #output = '';

  constructor(name, command, args, { cwd, env }) {
    this.name = name;
    this.#process = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(this);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', text => (this.#output += text));
    }
    this.#process.stdin.on('error', () => {}); // It may end before it has read anything.
    this.ended = new Promise(resolve => {
      this.#process.once('error', error => resolve(`could not be started: ${error.message}`));
      this.#process.once('exit', (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`));
    }).then(how => {
      running.delete(this);
      return (this.end = how);
    });
  }

  /** All that it has printed. */
  get output() {
    return this.#output;
  }

  /** The last lines that it has printed, under a heading. */
  get log() {
    const lines = this.#output.trimEnd().split('\n');
    return [`----- ${this.name}${this.end ? `, which ${this.end}` : ''}: last lines -----`, ...lines.slice(-KEPT_LINES), '-----'].join('\n');
  }

  /** Fails for good if it has ended: nobody need wait for it any longer. */
  checkRunning() {
    if (this.end) {
      throw Object.assign(new Error(`${this.name} ${this.end}\n${this.log}`), { final: true });
    }
  }

  signal(name) {
    try {
      process.kill(-this.#process.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') {
        throw error;
      }
    }
  }

  /** Asks it to end; after 15 s ends it. */
  async stop() {
    if (this.end || this.#process.pid === undefined) {
      return;
    }
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(timer);
    this.signal('SIGKILL'); // What it started itself, if it left anything behind.
  }
}

/** The part of this process's environment that a program needs to run; no setting of the relay or of Backstage. */
export function bareEnvironment() {
  const names = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'JAVA_HOME', 'JAVA_TOOL_OPTIONS'];
  return Object.fromEntries(names.filter(name => name in process.env).map(name => [name, process.env[name]]));
}
