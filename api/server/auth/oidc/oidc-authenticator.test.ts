import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type Clock, systemClock } from '../../../../lib/clock.ts';
import { jwtAuthenticatorSchema } from '../../../../lib/oidc/oidc-config.ts';
import {
  type FakeOidcIssuer,
  type FakeOidcMood,
  type FakeOidcTls,
  fakeOidcTls,
  startFakeOidcIssuer,
} from '../../../testing/fake-oidc-issuer.ts';
import { createTestPki } from '../../../testing/test-pki.ts';
import { waitUntil } from '../../../testing/wait-until.ts';
import { InvalidTokenError } from '../token-authenticator.ts';
import type { KeyTimes } from './issuer-keys.ts';
import { OidcIssuers } from './oidc-issuers.ts';
import { discoveryUrl } from './provider-keys.ts';

const API = 'https://api.test';
const NOW_SECONDS = Math.floor(Date.now() / 1000);
const NOBODY = { claim: 'sub', prefix: 'oidc:' };

let dir: string;
let tls: FakeOidcTls;

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holt-oidc-'));
  tls = await fakeOidcTls(await createTestPki(dir));
});
test.after.always(() => rm(dir, { recursive: true, force: true }));

interface Given {
  readonly claimMappings?: object;
  readonly issuer?: object;
  readonly claimValidationRules?: readonly object[];
  readonly userValidationRules?: readonly object[];
  readonly clock?: Clock;
  readonly times?: Partial<KeyTimes>;
}

/** An issuer of its own, and what knows it. */
async function open(t: ExecutionContext, given: Given = {}) {
  const provider = await startFakeOidcIssuer(tls);
  return { provider, ...reopen(t, provider, given) };
}

function reopen(t: ExecutionContext, provider: FakeOidcIssuer, given: Given = {}) {
  const { issuer, claimMappings, clock = systemClock, times, ...rest } = given;
  const config = jwtAuthenticatorSchema.parse({
    issuer: { url: provider.url, audiences: ['holt'], certificateAuthority: provider.ca, ...issuer },
    claimMappings: { username: NOBODY, groups: { claim: 'groups', prefix: 'oidc:' }, ...claimMappings },
    ...rest,
  });
  const stopping = new AbortController();
  const registry = new Registry();
  const logged: { readonly reason?: string }[] = [];
  const oidc = new OidcIssuers({
    ...{ issuers: [config], apiAudiences: [API], clock, registry, signal: stopping.signal },
    logger: pino({}, { write: (line: string) => logged.push(JSON.parse(line)) }),
    ...(times === undefined ? {} : { times }),
  });
  t.teardown(async () => {
    stopping.abort();
    await provider.stop();
  });
  const ask = (token: string, audiences: readonly string[] = []) => oidc.authenticate(token, audiences);
  const refused = async (token: string) => {
    const error = await t.throwsAsync(ask(token), { instanceOf: InvalidTokenError });
    return error?.message ?? '';
  };
  return { oidc, ask, refused, registry, logged };
}

/** Time that stands still until it is moved. */
function stoppedClock(): Clock & { advance(ms: number): void } {
  let atMs = 0;
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => atMs,
    sleep: systemClock.sleep,
    advance: (ms) => {
      atMs += ms;
    },
  };
}

test('a token becomes a user with prefixed name and groups, uid and extra', async (t) => {
  const { provider, ask } = await open(t, {
    claimMappings: {
      uid: { claim: 'oid' },
      extra: [
        { key: 'example.org/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.org/empty', valueExpression: '""' },
      ],
    },
  });
  const token = await provider.sign({ sub: 'jane', groups: ['devs', 'ops'], oid: 'u-1', tenant: 'blue' });
  t.deepEqual(await ask(token), {
    user: {
      name: 'oidc:jane',
      groups: ['oidc:devs', 'oidc:ops', 'system:authenticated'],
      uid: 'u-1',
      extra: { 'example.org/tenant': ['blue'] },
    },
    audiences: [API],
  });
  t.like(await ask(await provider.sign({ sub: 'jo', groups: 'devs', oid: 'u-2', tenant: [] })), {
    user: { name: 'oidc:jo', groups: ['oidc:devs', 'system:authenticated'] },
  });
});

test('claims that cannot be mapped are told', async (t) => {
  const { provider, refused } = await open(t, { claimMappings: { uid: { claim: 'oid' } } });
  const told = async (claims: object) => refused(await provider.sign({ sub: 'a', oid: 'u', ...claims }));
  t.is(await told({ sub: null }), 'oidc: parse username claims "sub": claim not present');
  t.is(await told({ sub: 7 }), 'oidc: parse username claims "sub": claim is no string');
  t.is(await told({ oid: null }), 'oidc: parse uid claim "oid": claim not present');
  t.is(await told({ groups: [1] }), 'oidc: groups claim "groups" must be a string or a list of strings');
});

test('names of the server itself are no issuer’s to give', async (t) => {
  const { provider, refused } = await open(t, {
    claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: '' } },
  });
  const reserved = 'usernames and groups that begin with system: are reserved';
  t.is(await refused(await provider.sign({ sub: 'system:admin' })), `oidc: "system:admin": ${reserved}`);
  const masters = await provider.sign({ sub: 'a', groups: ['devs', 'system:masters'] });
  t.is(await refused(masters), `oidc: "system:masters": ${reserved}`);
  t.is(await refused(await provider.sign({ sub: '' })), 'oidc: the mapped username is empty');
});

test('expressions map and check as upstream’s do', async (t) => {
  const { provider, ask, refused } = await open(t, {
    claimMappings: {
      username: { expression: '"x:" + claims.email' },
      groups: { expression: 'claims.roles.filter(r, r != "").map(r, "r:" + r)' },
      uid: { expression: 'string(claims.n)' },
    },
    claimValidationRules: [
      { claim: 'hd', requiredValue: 'example.com' },
      { expression: 'claims.?email_verified.orValue(true) == true', message: 'not verified' },
      { expression: 'claims.exp - claims.iat <= 86400', message: 'lives too long' },
    ],
    userValidationRules: [
      { expression: "user.groups.all(g, g != 'r:banned')", message: 'banned' },
      { expression: 'user.extra.size() == 0 && user.username.startsWith("x:")' },
    ],
  });
  const claims = { email: 'a@b.c', roles: ['dev', ''], n: 5, hd: 'example.com', iat: NOW_SECONDS };
  const told = async (more: object) => refused(await provider.sign({ ...claims, ...more }));
  t.deepEqual((await ask(await provider.sign(claims)))?.user, {
    name: 'x:a@b.c',
    groups: ['r:dev', 'system:authenticated'],
    uid: '5',
  });
  t.is(await told({ hd: null }), 'oidc: required claim hd not present in ID token');
  t.is(
    await told({ hd: 'x' }),
    'oidc: required claim hd value does not match. Got = "x", want = "example.com"',
  );
  t.is(
    await told({ email_verified: false }),
    "oidc: error evaluating claim validation expression: validation expression 'claims.?email_verified.orValue(true) == true' failed: not verified",
  );
  t.regex(await told({ iat: 1 }), /failed: lives too long$/);
  t.regex(
    await told({ roles: ['banned'] }),
    /^oidc: error evaluating user info validation rule: .* failed: banned$/,
  );
  t.is(await told({ email: null }), 'oidc: error evaluating username claim expression: No such key: email');
  t.regex(await told({ email: 7 }), /^oidc: error evaluating username claim expression: /);
  t.regex(await told({ roles: 'dev' }), /^oidc: error evaluating groups claim expression: /);
});

test('an expression that is too dear ends', async (t) => {
  const deep = `${'claims.l.all(a, '.repeat(9)}a != a || true${')'.repeat(9)}`;
  const { provider, refused } = await open(t, { claimValidationRules: [{ expression: deep }] });
  const token = await provider.sign({ sub: 'a', l: [1, 2, 3, 4, 5, 6, 7, 8] });
  t.regex(await refused(token), /actual cost limit exceeded$/);
});

test('an address that its issuer did not verify is no name', async (t) => {
  const { provider, ask, refused } = await open(t, {
    claimMappings: { username: { claim: 'email', prefix: '' } },
  });
  t.is((await ask(await provider.sign({ email: 'a@b.c' })))?.user.name, 'a@b.c');
  t.is((await ask(await provider.sign({ email: 'a@b.c', email_verified: true })))?.user.name, 'a@b.c');
  t.is(
    await refused(await provider.sign({ email: 'a@b.c', email_verified: false })),
    'oidc: email not verified',
  );
  t.is(
    await refused(await provider.sign({ email: 'a@b.c', email_verified: 'yes' })),
    'oidc: email not verified',
  );
});

test('time: expiry to the second, a minute before nbf', async (t) => {
  const { provider, ask, refused } = await open(t);
  const sign = (more: object) => provider.sign({ sub: 'a', ...more });
  const past = await refused(await sign({ exp: NOW_SECONDS - 5 }));
  t.is(past, `oidc: token is expired (Token Expiry: ${new Date((NOW_SECONDS - 5) * 1000).toISOString()})`);
  t.regex(await refused(await sign({ exp: null })), /claim "exp" is missing/);
  t.regex(await refused(await sign({ exp: 'soon' })), /claim "exp" is missing or of a wrong type/);
  t.regex(await refused(await sign({ nbf: NOW_SECONDS + 3_000 })), /before the nbf/);
  t.truthy(await ask(await sign({ nbf: NOW_SECONDS + 30 })));
  t.regex(await refused(await sign({ exp: -1e300 })), /Token Expiry: -1e\+300/);
});

test('audiences: of the token at the issuer, and of reviews', async (t) => {
  const { provider, ask, refused } = await open(t, {
    issuer: { audiences: ['holt', 'holt-cli'], audienceMatchPolicy: 'MatchAny' },
  });
  const token = await provider.sign({ sub: 'a', aud: ['other', 'holt-cli'] });
  t.deepEqual((await ask(token))?.audiences, [API]);
  t.deepEqual((await ask(token, ['vault', API]))?.audiences, [API]);
  await t.throwsAsync(ask(token, ['holt-cli']), {
    message: /are for the audiences \["https:\/\/api\.test"\]/,
  });
  t.is(
    await refused(await provider.sign({ sub: 'a', aud: 'vault' })),
    'oidc: expected audience in ["holt","holt-cli"] got ["vault"]',
  );
  t.regex(await refused(await provider.sign({ sub: 'a', aud: null })), /claim "aud" is missing/);
});

test('only asymmetric signatures of the issuer’s own keys count', async (t) => {
  const { provider, refused } = await open(t);
  const pem = provider.publicKey().export({ type: 'spki', format: 'pem' });
  const secret = createSecretKey(Buffer.from(pem));
  const hs256 = await provider.sign({ sub: 'a' }, { algorithm: 'HS256', key: secret });
  t.regex(
    await refused(hs256),
    /^oidc: id token signed with unsupported algorithm, expected one of .* got "HS256"$/,
  );
  const good = await provider.sign({ sub: 'a' });
  const [header = '', payload = '', signature = ''] = good.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  t.regex(await refused(`${none}.${payload}.`), /unsupported algorithm.* got "none"$/);
  t.regex(
    await refused(`${Buffer.from('{}').toString('base64url')}.${payload}.${signature}`),
    /got undefined$/,
  );
  t.regex(await refused(`x.${payload}.${signature}`), /its header cannot be read$/);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const broken = 'oidc: failed to verify id token signature';
  t.is(await refused(await provider.sign({ sub: 'a' }, { key: other })), broken);
  const more = Buffer.from(
    JSON.stringify({ iss: provider.url, aud: 'holt', exp: NOW_SECONDS + 60, sub: 'root' }),
  );
  t.is(await refused(`${header}.${more.toString('base64url')}.${signature}`), broken);
  t.is(await refused(`${header}.${payload}.`), broken);
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const rsa = await provider.sign({ sub: 'a' }, { algorithm: 'RS256', key: own });
  t.is(await refused(rsa), 'oidc: the issuer has no key of that key ID and algorithm');
});

for (const algorithm of ['RS256', 'RS512', 'PS384', 'ES384', 'ES512']) {
  test(`${algorithm} is taken, with and without a key ID`, async (t) => {
    const { provider, ask } = await open(t);
    provider.rotate(algorithm);
    t.truthy(await ask(await provider.sign({ sub: 'a' })));
    t.truthy(await ask(await provider.sign({ sub: 'a' }, { kid: undefined })));
  });
}

test('several keys of one algorithm: a token need not say which signed it', async (t) => {
  const { provider, ask, refused } = await open(t);
  const old = await provider.sign({ sub: 'a' }, { kid: undefined });
  provider.rotate('ES256', { keepOld: true });
  t.truthy(await ask(old));
  t.truthy(await ask(await provider.sign({ sub: 'a' }, { kid: undefined })));
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const forged = await provider.sign({ sub: 'a' }, { kid: undefined, key: other });
  t.is(await refused(forged), 'oidc: failed to verify id token signature');
});

test('another issuer’s token, and what is no token, is for others to know', async (t) => {
  const { provider, ask } = await open(t);
  t.is(await ask(await provider.sign({ sub: 'a', iss: 'https://other.test' })), undefined);
  t.is(await ask(await provider.sign({ sub: 'a', iss: `${provider.url}/` })), undefined);
  for (const text of ['', 'x', 'a.b.c', 'a.b', '..', 'e30.W10.', 'e30.bnVsbA.', 'e30.e30.', '{}'])
    t.is(await ask(text), undefined);
});

test('keys rotate without a restart; unknown keys ask no more often than the cool-down lets', async (t) => {
  const clock = stoppedClock();
  const { provider, ask, refused, registry } = await open(t, { clock });
  t.truthy(await ask(await provider.sign({ sub: 'a' })));
  t.is(provider.requestCount(), 2);
  const old = await provider.sign({ sub: 'a' });
  provider.rotate();
  const fresh = await provider.sign({ sub: 'a' });
  const flood = await Promise.all(
    Array.from({ length: 50 }, async (_, index) =>
      refused(await provider.sign({ sub: 'a' }, { kid: `forged-${index}` })),
    ),
  );
  t.deepEqual([...new Set(flood)], ['oidc: the issuer has no key of that key ID and algorithm']);
  t.is(provider.requestCount(), 2, 'the cool-down holds');
  await refused(fresh);
  clock.advance(10_000);
  t.truthy(await ask(fresh));
  t.is(provider.requestCount(), 4);
  await refused(old);
  t.is(provider.requestCount(), 4);
  clock.advance(10_000);
  await Promise.all(Array.from({ length: 50 }, () => refused(old)));
  t.is(provider.requestCount(), 6, 'one fetch for all that wait');
  const metrics = await registry.metrics();
  t.regex(metrics, /holt_api_oidc_tokens_total\{issuer="[^"]+",result="unknown-key"\} 10\d/);
  t.regex(metrics, /holt_api_oidc_tokens_total\{issuer="[^"]+",result="success"\} 2/);
});

const MOODS: readonly (readonly [FakeOidcMood, string, RegExp])[] = [
  ['silent', 'timeout', /^no answer in time from https:.*openid-configuration$/],
  ['redirecting', 'status', /answered 302; 200 is needed, redirects are not followed$/],
  ['failing', 'status', /answered 503; 200 is needed/],
  ['huge', 'too-large', /answered more than 1048576 bytes$/],
  ['garbled', 'content', /answered what is not JSON$/],
  ['foreign', 'content', /issuer did not match: expected "https:[^"]+" got "https:\/\/other.test"$/],
  ['http-keys', 'content', /jwks_uri must be an https URL, got "http:/],
];
for (const [mood, result, words] of MOODS) {
  test(`an issuer that is ${mood} lets nobody in, and is asked again by itself`, async (t) => {
    const { provider, oidc, ask, refused, registry, logged } = await open(t, {
      clock: stoppedClock(),
      ...(mood === 'silent' ? { times: { timeoutMs: 500 } } : {}),
    });
    provider.mood = mood;
    const token = await provider.sign({ sub: 'a' });
    t.is(await refused(token), "oidc: the issuer's keys could not be fetched yet: see the log of holt-api");
    t.regex(await registry.metrics(), new RegExp(`key_fetches_total{issuer="[^"]+",result="${result}"} 1`));
    t.regex(logged[0]?.reason ?? '', words);
    const seen = provider.requestCount();
    await refused(token);
    t.is(provider.requestCount(), seen, 'not asked again at once');
    provider.mood = 'good';
    void oidc.run();
    await waitUntil('the keys', async () => (await ask(token).catch(() => undefined)) !== undefined);
    t.regex(await registry.metrics(), /holt_api_oidc_keys_age_seconds\{issuer="[^"]+"\} \d/);
  });
}

test('the discovery document may be elsewhere, and names the issuer all the same', async (t) => {
  const { provider } = await open(t);
  const url = 'https://login.test/realm';
  const issuer = { url, discoveryURL: `${provider.url}/found/here` };
  const { refused, logged } = reopen(t, provider, { issuer });
  await refused(await provider.sign({ sub: 'a', iss: url }));
  t.regex(logged[0]?.reason ?? '', /issuer did not match: expected "https:\/\/login.test\/realm"/);
  provider.name = url;
  const { ask } = reopen(t, provider, { issuer });
  t.is((await ask(await provider.sign({ sub: 'a' })))?.user.name, 'oidc:a');
  const below = discoveryUrl({ url: 'https://login.test/realm/', audiences: [] });
  t.is(below, 'https://login.test/realm/.well-known/openid-configuration');
});

test('an issuer that is down: keys that were had hold, and it is found again when it is back', async (t) => {
  const { provider, oidc, ask, registry } = await open(t, { times: { coolDownMs: 20, refreshMs: 20 } });
  void oidc.run();
  const token = await provider.sign({ sub: 'a' });
  t.truthy(await ask(token));
  await provider.stop();
  const failures = /key_fetches_total\{issuer="[^"]+",result="unreachable"\} [2-9]/;
  await waitUntil('failed fetches', async () => failures.test(await registry.metrics()));
  t.truthy(await ask(token));
  provider.rotate();
  await provider.start();
  await waitUntil(
    'the withdrawn key to end',
    async () => (await ask(token).catch(() => undefined)) === undefined,
  );
  t.truthy(await ask(await provider.sign({ sub: 'a' })));
});

test('its certificate must be signed by the configured CA, which may change while the server runs', async (t) => {
  const { provider } = await open(t);
  const other = await createTestPki(join(dir, 'other'));
  const file = join(dir, 'issuer-ca.crt');
  await writeFile(file, await other.ca());
  const issuer = { certificateAuthority: undefined, certificateAuthorityFile: file };
  const { oidc, ask, refused, registry } = reopen(t, provider, { issuer, times: { coolDownMs: 20 } });
  const token = await provider.sign({ sub: 'a' });
  await refused(token);
  t.regex(await registry.metrics(), /key_fetches_total\{issuer="[^"]+",result="unreachable"\} 1/);
  await writeFile(file, 'nothing');
  void oidc.run();
  const content = /key_fetches_total\{issuer="[^"]+",result="content"\} 1/;
  await waitUntil('the file to be refused', async () => content.test(await registry.metrics()));
  await writeFile(file, provider.ca);
  await waitUntil('the keys', async () => (await ask(token).catch(() => undefined)) !== undefined);
  const { refused: bySystem } = reopen(t, provider, { issuer: { certificateAuthority: undefined } });
  await bySystem(token);
});

test('whatever is signed, and however a token is cut, is taken or refused in words', async (t) => {
  const { provider, ask } = await open(t, {
    claimMappings: {
      username: { expression: 'claims.sub' },
      groups: { expression: 'claims.?groups.orValue([])' },
      extra: [{ key: 'example.org/all', valueExpression: 'claims.?x.y.orValue("")' }],
    },
    claimValidationRules: [{ expression: 'claims.?n.orValue(1) > 0' }],
    userValidationRules: [{ expression: 'user.username.size() < 100 && user.groups.size() < 100' }],
  });
  const outcome = async (token: string) => {
    try {
      const identity = await ask(token);
      return identity === undefined || identity.user.name !== '';
    } catch (error) {
      return error instanceof InvalidTokenError && error.message.startsWith('oidc: ');
    }
  };
  const claims = fc.record(
    {
      sub: fc.jsonValue(),
      groups: fc.jsonValue(),
      x: fc.jsonValue(),
      n: fc.jsonValue(),
      nbf: fc.jsonValue(),
      aud: fc.jsonValue(),
      constructor: fc.jsonValue(),
    },
    { requiredKeys: ['sub'] },
  );
  t.true(await outcome(await provider.sign({ sub: 'a' })));
  await fc.assert(
    fc.asyncProperty(claims, async (payload) => outcome(await provider.sign(payload))),
    { numRuns: 300 },
  );
  const good = await provider.sign({ sub: 'a' });
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length), fc.nat(20), fc.string(), async (at, cut, text) =>
      outcome(good.slice(0, at) + text + good.slice(at + cut)),
    ),
    { numRuns: 500 },
  );
  const [header, , signature] = good.split('.');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      const body = Buffer.from(bytes).toString('base64url');
      return (await outcome(`${header}.${body}.${signature}`)) && (await outcome(`${body}.e30.${body}`));
    }),
  );
});
