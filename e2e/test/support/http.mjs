// One request, one connection: nothing is pooled across a restart of the other side, and every header can be set.
import http from 'node:http';
import net from 'node:net';

/**
 * Gives {status, headers, text, json}; json is undefined where the body is none. A body that is neither a string nor a
 * Buffer is sent as JSON. Fails after `timeout` ms.
 */
export function request(url, { method = 'GET', headers = {}, token, body, timeout = 20_000 } = {}) {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const payload = raw ? body : JSON.stringify(body);
  const sent = {
    ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = http.request(url, { method, headers: sent, agent: false, signal: AbortSignal.timeout(timeout) }, incoming => {
      const chunks = [];
      incoming.on('data', chunk => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        let json;
        try {
          json = JSON.parse(text);
        } catch {
          // Not every answer has a body.
        }
        resolve({ status: incoming.statusCode, headers: incoming.headers, text, json });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
