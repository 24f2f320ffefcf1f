import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../../lib/clock.ts';
import { oidcSchema } from '../../../../lib/oidc/oidc-config.ts';
import {
  type FakeOidcIssuer,
  type FakeOidcTls,
  fakeOidcTls,
  startFakeOidcIssuer,
} from '../../../testing/fake-oidc-issuer.ts';
import { createTestPki } from '../../../testing/test-pki.ts';
import { waitUntil } from '../../../testing/wait-until.ts';
import { OidcIssuers } from './oidc-issuers.ts';

let dir: string;
let tls: FakeOidcTls;

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holt-oidc-'));
  tls = await fakeOidcTls(await createTestPki(dir));
});
test.after.always(() => rm(dir, { recursive: true, force: true }));

function entry(provider: FakeOidcIssuer, username: object = { claim: 'sub', prefix: 'oidc:' }): object {
  return {
    issuer: { url: provider.url, audiences: ['holt'], certificateAuthority: provider.ca },
    claimMappings: { username },
  };
}

test('issuers come, change and go while others stay as they are', async (t) => {
  const [first, second] = [await startFakeOidcIssuer(tls), await startFakeOidcIssuer(tls)];
  const stopping = new AbortController();
  const registry = new Registry();
  const oidc = new OidcIssuers({
    ...{ issuers: oidcSchema.parse([entry(first)]), apiAudiences: ['api'], clock: systemClock, registry },
    logger: pino({ level: 'silent' }),
    signal: stopping.signal,
  });
  const running = oidc.run();
  t.teardown(() => Promise.all([first.stop(), second.stop()]));
  const nameOf = async (provider: FakeOidcIssuer) =>
    (await oidc.authenticate(await provider.sign({ sub: 'jane' }), []))?.user.name;
  t.is(await nameOf(first), 'oidc:jane');
  t.is(await nameOf(second), undefined);

  oidc.use(oidcSchema.parse([entry(second), entry(first)]));
  await waitUntil('the keys of the second', () => second.requestCount() === 2);
  t.deepEqual([await nameOf(first), await nameOf(second)], ['oidc:jane', 'oidc:jane']);

  const wrong = [entry(first, { expression: '"new:" + claims.sub' }), entry(second, { expression: '1 +' })];
  t.throws(() => oidc.use(oidcSchema.parse(wrong)), {
    message: /oidc\.1\.claimMappings\.username\.expression/,
  });
  t.deepEqual([await nameOf(first), await nameOf(second)], ['oidc:jane', 'oidc:jane'], 'nothing has changed');

  oidc.use(oidcSchema.parse([entry(first, { expression: '"new:" + claims.sub' })]));
  t.deepEqual([await nameOf(first), await nameOf(second)], ['new:jane', undefined]);
  t.deepEqual([first.requestCount(), second.requestCount()], [2, 2], 'who stays keeps its keys');
  const age = (await registry.metrics()).match(/^holt_api_oidc_keys_age_seconds{.*$/gm);
  t.is(age?.length, 1);
  t.true(age?.[0]?.includes(first.url));

  oidc.use([]);
  t.is(await nameOf(first), undefined);
  stopping.abort();
  await running;
});

test('one that has gone is asked no more, also where it never answered', async (t) => {
  const provider = await startFakeOidcIssuer(tls);
  t.teardown(() => provider.stop());
  provider.mood = 'silent';
  const stopping = new AbortController();
  const oidc = new OidcIssuers({
    ...{ issuers: oidcSchema.parse([entry(provider)]), apiAudiences: ['api'], clock: systemClock },
    ...{ logger: pino({ level: 'silent' }), registry: new Registry(), signal: stopping.signal },
  });
  const running = oidc.run();
  const token = await provider.sign({ sub: 'a' });
  await waitUntil('it to be asked', () => provider.requestCount() === 1);
  const waiting = t.throwsAsync(oidc.authenticate(token, []), {
    message: /keys could not be fetched yet/,
  });
  oidc.use([]);
  await waiting;
  stopping.abort();
  await running;
  t.is(provider.requestCount(), 1);
});
