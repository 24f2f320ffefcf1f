import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkCertificates, firstExpiryMs } from './check-certificates.ts';
import { createTestPki } from './testing/test-pki.ts';

const DAY_MS = 86_400_000;

test('only a whole set that is valid now can be used', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-check-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const pki = await createTestPki(dir);
  const one = await pki.issue('one', '/CN=one');
  const other = await pki.issue('other', '/CN=other');
  const ca = await pki.ca();
  const nowMs = Date.now();
  const good = { ...one, ca };
  t.notThrows(() => checkCertificates(good, nowMs));
  t.notThrows(() => checkCertificates({ ...good, cert: Buffer.concat([one.cert, ca]) }, nowMs), 'a chain');

  const none = Buffer.alloc(0);
  const half = one.cert.subarray(0, one.cert.length / 2);
  for (const [what, set, words] of [
    ['another key', { ...good, key: other.key }, /not that of the certificate/],
    ['an empty certificate', { ...good, cert: none }, /holds no certificate/],
    ['half a certificate', { ...good, cert: half }, /holds no certificate/],
    ['an empty key', { ...good, key: none }, /./],
    ['an empty CA', { ...good, ca: none }, /CA file holds no certificate/],
    ['a broken CA', { ...good, ca: Buffer.from(ca.toString().replace(/\nM.../, '\nAAAA')) }, /./],
  ] as const) {
    t.throws(() => checkCertificates(set, nowMs), { message: words }, what);
  }
  t.throws(() => checkCertificates(good, nowMs + 3 * DAY_MS), { message: /valid from .* to / });
  t.throws(() => checkCertificates(good, nowMs - DAY_MS), { message: /valid from .* to / });

  const leftMs = firstExpiryMs(Buffer.concat([one.cert, ca])) - nowMs;
  t.true(leftMs > DAY_MS && leftMs <= 2 * DAY_MS);
  t.is(firstExpiryMs(none), Number.NaN);
});
