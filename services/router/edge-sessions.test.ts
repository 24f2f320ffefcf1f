import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { SignJWT } from 'jose';
import { createSessionToken, formatSessionCookie } from '../../lib/session-token.ts';
import { Edge } from './testing/edge.ts';
import { type Answer, HttpClient, readEcho } from './testing/http-client.ts';

const ALICE = '10.66.1.2';
let edge: Edge;
let client: HttpClient;

test.before(async () => {
  edge = await Edge.start({ devLogin: true });
  await edge.network.up(ALICE, 'alice');
  await edge.setRoute('alice/live', `ready|vm-alice|${ALICE}|alice-live|boot1`);
  client = new HttpClient(edge.config.ports.router);
});

test.after.always(async () => {
  await client?.close();
  await edge?.stop();
});

const nowSeconds = () => Math.floor(Date.now() / 1000);
const claims = () => ({ sub: 'alice', sid: 's1', aud: 'edge', iat: nowSeconds(), exp: nowSeconds() + 60 });
const sign = (payload: Record<string, unknown>, header: Record<string, string> = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(edge.key);
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const get = (cookie: string | undefined): Promise<Answer> =>
  client.send('/', { headers: cookie === undefined ? {} : { cookie } });
const withToken = (token: string) => get(formatSessionCookie(token));
const reason = (answer: Answer) => `${answer.status} ${answer.headers['x-holt-reason']}`;

test.serial('a good session reaches its VM', async (t) => {
  const answer = await withToken(await sign(claims()));
  t.is(answer.status, 200);
  t.is(readEcho(answer).headers['x-holt-user'], 'alice');
  t.is(readEcho(answer).headers['x-holt-vm-id'], 'vm-alice');
  t.is(readEcho(answer).headers['x-holt-route'], 'live');
});

test.serial('no session', async (t) => {
  t.is(reason(await get(undefined)), '401 no-session');
  t.is(reason(await get('other=1')), '401 no-session');
  t.is(reason(await get('a="x; __Host-holt_session=y"')), '401 no-session');
});

test.serial('expired and never-ending tokens', async (t) => {
  t.is(reason(await withToken(await sign({ ...claims(), exp: nowSeconds() - 1 }))), '401 expired-session');
  t.is(reason(await withToken(await sign({ ...claims(), exp: nowSeconds() }))), '401 expired-session');
  const { exp: _, ...withoutExp } = claims();
  t.is(reason(await withToken(await sign(withoutExp))), '401 invalid-session');
  t.is(reason(await withToken(await sign({ ...claims(), exp: null }))), '401 invalid-session');
  t.is(reason(await withToken(await sign({ ...claims(), exp: 'never' }))), '401 expired-session');
  t.is(reason(await withToken(await sign({ ...claims(), exp: true }))).slice(0, 3), '401');
  t.is(reason(await withToken(await sign({ ...claims(), exp: 1e300 }))).slice(0, 3), '401');
});

test.serial('wrong audience, subject, session id', async (t) => {
  t.is(reason(await withToken(await sign({ ...claims(), aud: 'broker' }))), '401 invalid-session');
  t.is(reason(await withToken(await sign({ ...claims(), aud: ['edge', 'broker'] }))), '401 invalid-session');
  const { aud: _a, ...withoutAud } = claims();
  t.is(reason(await withToken(await sign(withoutAud))), '401 invalid-session');
  for (const sub of ['', 'Alice', 'alice/dev', 'alice|x', '-alice', 'a'.repeat(64)]) {
    t.is(reason(await withToken(await sign({ ...claims(), sub }))), '401 invalid-session', sub);
  }
  const { sub: _s, ...withoutSub } = claims();
  t.is(reason(await withToken(await sign(withoutSub))), '401 invalid-session');
  const { sid: _i, ...withoutSid } = claims();
  t.is(reason(await withToken(await sign(withoutSid))), '401 invalid-session');
  t.is(reason(await withToken(await sign({ ...claims(), sub: 'nobody' }))), '404 unknown-user');
});

test.serial('forged: another key, a changed payload, no signature', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  t.is(
    reason(
      await withToken(await new SignJWT(claims()).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)),
    ),
    '401 invalid-session',
  );
  const [header, , signature] = (await sign(claims())).split('.');
  const changed = base64url({ ...claims(), sub: 'bob' });
  t.is(reason(await withToken(`${header}.${changed}.${signature}`)), '401 invalid-session');
  t.is(reason(await withToken(`${header}.${changed}.`)), '401 invalid-session');
  t.is(reason(await withToken(`${header}.${changed}`)), '401 invalid-session');
  t.is(reason(await withToken(`${header}.${changed}.AAAA`)), '401 invalid-session');
  t.is(reason(await withToken('')), '401 no-session');
  t.is(reason(await withToken(`a.b.${'c'.repeat(3000)}`)), '401 invalid-session');
});

test.serial('any other algorithm than ES256', async (t) => {
  const signature = (await sign(claims())).split('.')[2];
  for (const alg of ['none', 'None', 'NONE', 'es256', 'HS256', 'RS256', 'ES384', '']) {
    const body = `${base64url({ alg, typ: 'JWT' })}.${base64url(claims())}`;
    t.is(reason(await withToken(`${body}.`)), '401 invalid-session', `${alg} unsigned`);
    t.is(
      reason(await withToken(`${body}.${signature}`)),
      '401 invalid-session',
      `${alg} with another's signature`,
    );
  }
  // The public key taken for an HMAC secret.
  const pem = readFileSync(edge.paths.sessionPublicKey);
  const body = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims())}`;
  const mac = createHmac('sha256', pem).update(body).digest('base64url');
  t.is(createPublicKey(pem).asymmetricKeyType, 'ec');
  t.is(reason(await withToken(`${body}.${mac}`)), '401 invalid-session');
});

test.serial('a revoked session', async (t) => {
  const token = await sign({ ...claims(), sid: 'revoked-one' });
  t.is((await withToken(token)).status, 200);
  await edge.admin(`add map ${edge.paths.revokedMap} revoked-one 1`);
  t.is(reason(await withToken(token)), '401 invalid-session');
  t.is((await withToken(await sign({ ...claims(), sid: 'revoked-one-not' }))).status, 200);
});

test.serial('the session cookie alone is taken out', async (t) => {
  const session = formatSessionCookie(await sign(claims()));
  const seen = async (cookie: string) => readEcho(await get(cookie)).headers.cookie;
  t.is(await seen(session), undefined);
  t.is(await seen(`a=1; ${session}`), 'a=1');
  t.is(await seen(`${session}; b=2`), 'b=2');
  t.is(await seen(`a=1; ${session}; b=2`), 'a=1; b=2');
  t.is(await seen(`a=1;${session};b=2`), 'a=1;b=2');
  t.is(await seen(`x__Host-holt_session=1; ${session}; b=2`), 'x__Host-holt_session=1; b=2');
});

test.serial('two session cookies are none', async (t) => {
  const session = formatSessionCookie(await sign(claims()));
  t.is(reason(await get(`${session}; ${session}`)), '401 invalid-session');
  const quoted = await get(`${session}; a="; __Host-holt_session=z"`);
  t.notRegex(String(readEcho(quoted).headers.cookie), /__Host/);
});

test.serial('development login sets the cookie for a good token only', async (t) => {
  const token = await createSessionToken({ key: edge.key, user: 'alice', ttlSeconds: 60 });
  const answer = await client.send(`/.holt/login?token=${token}`);
  t.is(answer.status, 303);
  t.is(answer.headers.location, '/');
  t.is(answer.headers['set-cookie'], `__Host-holt_session=${token}; Path=/; Secure; HttpOnly; SameSite=Lax`);
  t.is(reason(await client.send('/.holt/login?token=a.b.c')), '401 invalid-session');
  t.is(reason(await client.send('/.holt/login')), '401 no-session');
  const logout = await client.send('/.holt/logout');
  t.is(logout.status, 303);
  t.regex(String(logout.headers['set-cookie']), /^__Host-holt_session=; .*Max-Age=0$/);
});

test.serial('a token in the query is no session elsewhere', async (t) => {
  t.is(reason(await client.send(`/?token=${await sign(claims())}`)), '401 no-session');
});

test.serial('healthz needs no session, other reserved paths are not forwarded', async (t) => {
  t.is((await client.send('/.holt/healthz')).status, 200);
  const cookie = await edge.cookie('alice');
  for (const path of ['/.holt', '/.holt/', '/.holt/other', '/.%68olt/x', '/x/../.holt/x']) {
    t.is(reason(await client.send(path, { headers: { cookie } })), '404 reserved-path', path);
  }
});
