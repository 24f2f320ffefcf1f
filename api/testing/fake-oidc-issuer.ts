import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CompactSign } from 'jose';
import type { TestPki } from './test-pki.ts';

/** How the issuer behaves. */
export type FakeOidcMood =
  | 'good'
  | 'silent'
  | 'redirecting'
  | 'huge'
  | 'failing'
  | 'foreign'
  | 'garbled'
  | 'http-keys';

interface SigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly jwk: object;
}

/** What a token is signed with besides the issuer's first key. */
export interface FakeSigning {
  readonly kid?: string | undefined;
  readonly algorithm?: string;
  readonly key?: KeyObject;
}

/** A stand-in for an OpenID Connect provider: an https server on loopback with keys that it signs with. */
export interface FakeOidcIssuer {
  readonly url: string;
  /** PEM of the CA that its certificate is signed by. */
  readonly ca: string;
  mood: FakeOidcMood;
  /** `iss` of its tokens, and of its discovery document; `url` at first. */
  name: string;
  /** Requests so far, of both documents. */
  requestCount(): number;
  /** A token of these claims; `iss`, `aud`, `exp` are the issuer's, `holt` and in an hour unless given (`null`: none). */
  sign(claims: Readonly<Record<string, unknown>>, signing?: FakeSigning): Promise<string>;
  /** Signs with a new key from now on, and publishes it alone, or (`keepOld`) beside those before. */
  rotate(algorithm?: string, options?: { readonly keepOld: boolean }): void;
  /** The public half of the key that signs now. */
  publicKey(): KeyObject;
  /** Stops listening, and listens at the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

let nextKeyId = 0;

function generate(algorithm: string) {
  if (algorithm.startsWith('ES')) {
    const curves: Readonly<Record<string, string>> = { ES384: 'P-384', ES512: 'P-521' };
    return generateKeyPairSync('ec', { namedCurve: curves[algorithm] ?? 'P-256' });
  }
  return algorithm === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function newKey(algorithm: string): SigningKey & { publicKey: KeyObject } {
  const { privateKey, publicKey } = generate(algorithm);
  const kid = `key-${nextKeyId++}`;
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm };
  return { kid, algorithm, privateKey, publicKey, jwk };
}

function withoutNulls(claims: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
}

/** Bytes that no document needs. */
const HUGE_BYTES = 4 * 1024 * 1024;

function misbehave(mood: FakeOidcMood, response: ServerResponse, url: string): boolean {
  switch (mood) {
    case 'silent':
      return true;
    case 'redirecting':
      response.writeHead(302, { location: `${url}/elsewhere` }).end();
      return true;
    case 'huge':
      response.end(`"${'x'.repeat(HUGE_BYTES)}"`);
      return true;
    case 'failing':
      response.writeHead(503).end('{}');
      return true;
    case 'garbled':
      response.end('<html>');
      return true;
    default:
      return false;
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** PEM of a server's certificate, its key, and the CA that signed it. */
export interface FakeOidcTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** A certificate that any number of issuers can serve with. */
export async function fakeOidcTls(pki: TestPki): Promise<FakeOidcTls> {
  const extensions = 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth';
  return { ...(await pki.issue('issuer', '/CN=issuer', extensions)), ca: await pki.ca() };
}

/** Starts an issuer. */
export async function startFakeOidcIssuer({ cert, key, ca }: FakeOidcTls): Promise<FakeOidcIssuer> {
  let signing = newKey('ES256');
  let published = [signing];
  let count = 0;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    count += 1;
    const { mood, name, url } = issuer;
    if (misbehave(mood, response, url)) return;
    const jwksUri = `${mood === 'http-keys' ? url.replace('https', 'http') : url}/keys`;
    const discovery = { issuer: mood === 'foreign' ? 'https://other.test' : name, jwks_uri: jwksUri };
    const isKeys = request.url?.endsWith('/keys') === true;
    response.end(JSON.stringify(isKeys ? { keys: published.map(({ jwk }) => jwk) } : discovery));
  };
  let server = createServer({ cert, key }, answer);
  const port = await listen(server, 0);
  const issuer: FakeOidcIssuer = {
    url: `https://127.0.0.1:${port}`,
    ca: ca.toString(),
    mood: 'good',
    name: `https://127.0.0.1:${port}`,
    requestCount: () => count,
    publicKey: () => signing.publicKey,
    sign: (claims, given = {}) => {
      const exp = Math.floor(Date.now() / 1000) + 3_600;
      const payload = withoutNulls({ iss: issuer.name, aud: 'holt', exp, ...claims });
      const kid = 'kid' in given ? given.kid : signing.kid;
      const header = { alg: given.algorithm ?? signing.algorithm, ...(kid === undefined ? {} : { kid }) };
      return new CompactSign(Buffer.from(JSON.stringify(payload)))
        .setProtectedHeader(header)
        .sign(given.key ?? signing.privateKey);
    },
    rotate: (algorithm = 'ES256', options = { keepOld: false }) => {
      signing = newKey(algorithm);
      published = [...(options.keepOld ? published : []), signing];
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    start: async () => {
      server = createServer({ cert, key }, answer);
      await listen(server, port);
    },
  };
  return issuer;
}
