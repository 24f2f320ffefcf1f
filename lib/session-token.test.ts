import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { decodeProtectedHeader, SignJWT } from 'jose';
import {
  createSessionToken,
  formatSessionCookie,
  readSigningKey,
  readVerificationKey,
  sessionLoginUrl,
  verifySessionToken,
} from './session-token.ts';

const NOW_MS = 1_800_000_000_000;

async function keyPair() {
  const directory = await mkdtemp(join(tmpdir(), 'holt-session-'));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(join(directory, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(directory, 'pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const keys = {
    priv: await readSigningKey(join(directory, 'key.pem')),
    pub: await readVerificationKey(join(directory, 'pub.pem')),
  };
  await rm(directory, { recursive: true });
  return keys;
}

test('a created token verifies and carries exactly the claims of the contract', async (t) => {
  const { priv, pub } = await keyPair();
  const token = await createSessionToken({
    key: priv,
    user: 'alice',
    ttlSeconds: 60,
    nowMs: NOW_MS,
    sessionId: 's1',
  });
  t.is(decodeProtectedHeader(token).alg, 'ES256');
  t.deepEqual(await verifySessionToken(pub, token, NOW_MS + 59_000), {
    sub: 'alice',
    sid: 's1',
    aud: 'edge',
    iat: NOW_MS / 1000,
    exp: NOW_MS / 1000 + 60,
  });
});

test('session ids are unique by default', async (t) => {
  const { priv, pub } = await keyPair();
  const sids = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const token = await createSessionToken({ key: priv, user: 'alice', ttlSeconds: 60, nowMs: NOW_MS });
    sids.add((await verifySessionToken(pub, token, NOW_MS)).sid);
  }
  t.is(sids.size, 5);
});

test('expired, foreign-audience, foreign-key and exp-less tokens are refused', async (t) => {
  const { priv, pub } = await keyPair();
  const other = await keyPair();
  const token = await createSessionToken({ key: priv, user: 'alice', ttlSeconds: 60, nowMs: NOW_MS });
  await t.throwsAsync(verifySessionToken(pub, token, NOW_MS + 61_000));
  await t.throwsAsync(verifySessionToken(other.pub, token, NOW_MS));
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(priv);
  const claims = { sub: 'alice', sid: 's', aud: 'edge', iat: 1, exp: NOW_MS / 1000 + 60 };
  await t.notThrowsAsync(verifySessionToken(pub, await sign(claims), NOW_MS));
  await t.throwsAsync(verifySessionToken(pub, await sign({ ...claims, aud: 'broker' }), NOW_MS));
  const { exp: _, ...withoutExp } = claims;
  await t.throwsAsync(verifySessionToken(pub, await sign(withoutExp), NOW_MS));
});

test('bad users and ttls are refused with the value in the message', async (t) => {
  const { priv } = await keyPair();
  const request = { key: priv, user: 'alice', ttlSeconds: 60, nowMs: NOW_MS };
  await t.throwsAsync(createSessionToken({ ...request, user: 'Alice/x' }), { message: /"Alice\/x"/ });
  await t.throwsAsync(createSessionToken({ ...request, ttlSeconds: 0 }), { message: /got 0/ });
  await t.throwsAsync(createSessionToken({ ...request, ttlSeconds: 1.5 }), { message: /got 1\.5/ });
});

test('a missing key file is named', async (t) => {
  await t.throwsAsync(readSigningKey('/nowhere/key.pem'), { message: /\/nowhere\/key\.pem/ });
});

test('formats', (t) => {
  t.is(formatSessionCookie('x'), '__Host-holt_session=x');
  t.is(sessionLoginUrl('http://127.0.0.1:8080/', 'a.b'), 'http://127.0.0.1:8080/.holt/login?token=a.b');
});
