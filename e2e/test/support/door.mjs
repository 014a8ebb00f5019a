// A door in front of a server, which a test can shut: connections break and new ones are refused, as when a host is
// down, while the server keeps its state behind it.
import { once } from 'node:events';
import net from 'node:net';

export class Door {
  /** While it is set requests get through, and their answers do not. */
  muted = false;
  #connections = new Set();
  #server;

  constructor(port, target) {
    this.port = port;
    this.target = target;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async open() {
    this.#server = net.createServer(outside => {
      const inside = net.connect(this.target, '127.0.0.1');
      inside.on('data', () => this.muted && outside.destroy());
      for (const [from, to] of [[outside, inside], [inside, outside]]) {
        this.#connections.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#connections.delete(from);
          to.destroy();
        });
      }
    });
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async shut() {
    if (!this.#server?.listening) {
      return;
    }
    this.#server.close();
    this.#connections.forEach(connection => connection.destroy());
    await once(this.#server, 'close');
  }
}
