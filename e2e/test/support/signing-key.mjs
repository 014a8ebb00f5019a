// A signing key that Backstage and the tests share: what Backstage signs with it is real, and the tests can sign what
// Backstage never would, such as a token that has expired.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

const KEY_ID = 'e2e-key';
const encode = part => Buffer.from(JSON.stringify(part)).toString('base64url');

export class SigningKey {
  #folder = mkdtempSync(join(tmpdir(), 'insights-relay-e2e-key-'));
  #private;
  #publicPem;

  /** An RS256 key. */
  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#private = privateKey;
    this.#publicPem = publicKey.export({ type: 'spki', format: 'pem' });
    const files = { privateKeyFile: join(this.#folder, 'private.pem'), publicKeyFile: join(this.#folder, 'public.pem') };
    writeFileSync(files.privateKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(files.publicKeyFile, this.#publicPem);
    /** A piece of app-config.yaml that makes Backstage sign with this key. */
    this.config = join(this.#folder, 'app-config.key.yaml');
    writeFileSync(this.config, stringify({
      auth: { keyStore: { provider: 'static', static: { keys: [{ keyId: KEY_ID, algorithm: 'RS256', ...files }] } } },
    }));
  }

  /** A user's token with this in its header and claims; a member that is undefined is left out. */
  token(issuer, { header = {}, claims = {} } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const signed = [
      { typ: 'vnd.backstage.user', alg: 'RS256', kid: KEY_ID, ...header },
      { iss: issuer, sub: 'user:default/ada.byron', aud: 'backstage', iat: now, exp: now + 3600, ...claims },
    ].map(encode).join('.');
    return `${signed}.${this.#signature(header.alg ?? 'RS256', signed)}`;
  }

  #signature(algorithm, signed) {
    switch (algorithm) {
      case 'RS256': return sign('sha256', Buffer.from(signed), this.#private).toString('base64url');
      // What a verifier falls for that lets the token choose: the public key as a shared secret.
      case 'HS256': return createHmac('sha256', this.#publicPem).update(signed).digest('base64url');
      default: return '';
    }
  }

  stop() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
