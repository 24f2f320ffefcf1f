import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { promisify } from 'node:util';
import test from 'ava';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { startTestApi, TEST_ISSUER, type TestApi, type TestObject } from '../../../testing/test-api.ts';
import { createKeyPem } from '../../../testing/test-keys.ts';
import { waitUntil } from '../../../testing/wait-until.ts';
import { issueToken } from './issue-token.ts';
import { parseServiceAccountKeys } from './key-set.ts';

const run = promisify(execFile);
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const SECRETS = '/api/v1/namespaces/default/secrets';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});
test.after.always(() => api?.dispose());

async function makeAccount(name: string): Promise<TestObject> {
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  return (await api.send({ method: 'POST', path: ACCOUNTS, body })).json;
}

function requestToken(name: string, spec: object = {}, metadata: object = {}) {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec };
  return api.send({ method: 'POST', path: `${ACCOUNTS}/${name}/token`, body });
}

/** SelfSubjectReview with nothing but a token. */
function whoAmI(token: string) {
  return api.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    as: null,
    headers: { authorization: `Bearer ${token}` },
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
}

function review(token: string, audiences: readonly string[] = []) {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences },
  };
  return api.send({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body });
}

test('a token says who its account is, with upstream’s claims, groups and credential id', async (t) => {
  const account = await makeAccount('claims');
  const answer = await requestToken('claims', { expirationSeconds: 600 });
  t.is(answer.code, 201);
  t.is(answer.json.metadata.name, 'claims');
  t.deepEqual(answer.json.spec.audiences, [TEST_ISSUER]);
  const { token, expirationTimestamp } = answer.json.status;
  const claims = decodeJwt<TestObject>(token);
  t.is(claims.iss, TEST_ISSUER);
  t.is(claims.sub, 'system:serviceaccount:default:claims');
  t.deepEqual(claims.aud, [TEST_ISSUER]);
  t.is((claims.exp ?? 0) - (claims.iat ?? 0), 600);
  t.is(claims.nbf, claims.iat);
  t.is(Date.parse(expirationTimestamp) / 1000, claims.exp);
  t.deepEqual(claims['kubernetes.io'], {
    namespace: 'default',
    serviceaccount: { name: 'claims', uid: account.metadata.uid },
  });
  const who = await whoAmI(token);
  t.is(who.code, 201);
  t.deepEqual(who.json.status.userInfo, {
    username: 'system:serviceaccount:default:claims',
    uid: account.metadata.uid,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] },
  });
});

test('a lifetime, a name or a bound object that cannot be is refused in upstream’s words', async (t) => {
  await makeAccount('limits');
  const short = await requestToken('limits', { expirationSeconds: 599 });
  t.is(short.code, 422);
  t.is(
    short.json.message,
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  );
  const long = await requestToken('limits', { expirationSeconds: 7 * 86_400 });
  t.is(long.code, 201);
  t.is(long.headers.warning, '299 - "requested expiration of 604800 seconds shortened to 86400 seconds"');
  t.is((await requestToken('limits', {}, { name: 'other' })).code, 422);
  t.is((await requestToken('missing')).code, 404);
  const pod = { apiVersion: 'v1', kind: 'Pod', name: 'a' };
  const unbound = await requestToken('limits', { boundObjectRef: pod });
  t.is(unbound.code, 400);
  t.is(unbound.json.message, 'cannot bind token for serviceaccount "limits" to object of type v1, Kind=Pod');
  const secret = { apiVersion: 'v1', kind: 'Secret', name: 'none' };
  t.is((await requestToken('limits', { boundObjectRef: secret })).code, 404);
  const dry = await api.send({
    method: 'POST',
    path: `${ACCOUNTS}/limits/token?dryRun=All`,
    body: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' },
  });
  t.is(dry.json.status.token, '');
});

test('a token ends with its account, and with what it is bound to', async (t) => {
  await makeAccount('ends');
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'holder' } };
  const secret = (await api.send({ method: 'POST', path: SECRETS, body })).json;
  const ref = { apiVersion: 'v1', kind: 'Secret', name: 'holder' };
  t.is((await requestToken('ends', { boundObjectRef: { ...ref, uid: 'other' } })).code, 409);
  const bound = (await requestToken('ends', { boundObjectRef: ref })).json.status.token;
  const free = (await requestToken('ends')).json.status.token;
  t.deepEqual(decodeJwt<TestObject>(bound)['kubernetes.io'].secret, {
    name: 'holder',
    uid: secret.metadata.uid,
  });
  t.is((await whoAmI(bound)).code, 201);
  await api.send({ method: 'DELETE', path: `${SECRETS}/holder` });
  await waitUntil('the bound token to end', async () => (await whoAmI(bound)).code === 401);
  t.is((await whoAmI(free)).code, 201);
  await api.send({ method: 'DELETE', path: `${ACCOUNTS}/ends` });
  await waitUntil('the token to end', async () => (await whoAmI(free)).code === 401);
  await makeAccount('ends');
  t.is((await whoAmI(free)).code, 401, 'an account of the same name is another account');
});

test('wrong tokens are 401 with a Status; no token is none', async (t) => {
  await makeAccount('wrong');
  const { token } = (await requestToken('wrong')).json.status;
  const other = (await requestToken('wrong', { audiences: ['vault'] })).json.status.token;
  const [head, payload, signature] = token.split('.');
  const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  const { privateKey, publicKey } = createKeyPem();
  const forged = await issueToken({
    keys: parseServiceAccountKeys(privateKey, publicKey),
    issuer: TEST_ISSUER,
    audiences: [TEST_ISSUER],
    namespace: 'default',
    serviceAccount: { name: 'wrong', uid: 'x' },
    bound: undefined,
    nowMs: Date.now(),
    lifetimeSeconds: 600,
  });
  for (const bad of [other, `${head}.${payload}.${flipped}`, unsigned, forged.token, 'x', 'a.b.c', '']) {
    const answer = await whoAmI(bad);
    t.is(answer.code, 401, bad);
    t.like(answer.json, { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized', code: 401 });
  }
});

test('a TokenReview tells who a token is from, for whom, and why it is not good', async (t) => {
  await makeAccount('reviewed');
  const { token } = (await requestToken('reviewed', { audiences: ['vault', 'api'] })).json.status;
  const good = await review(token, ['vault', 'x']);
  t.is(good.code, 201);
  t.like(good.json.status, {
    authenticated: true,
    audiences: ['vault'],
    user: { username: 'system:serviceaccount:default:reviewed' },
  });
  const bad = await review(token);
  t.false(bad.json.status.authenticated);
  t.regex(bad.json.status.error, /^token audiences \["vault","api"\] is invalid for the target audiences/);
  t.is((await review('')).code, 400);
});

test('verifiers elsewhere find the keys by OpenID discovery', async (t) => {
  await makeAccount('discovered');
  const { token } = (await requestToken('discovered', { audiences: ['vault'] })).json.status;
  const headers = { authorization: `Bearer ${(await requestToken('discovered')).json.status.token}` };
  const get = (path: string) => api.send({ path, as: null, headers });
  const configuration = await get('/.well-known/openid-configuration');
  t.deepEqual(configuration.json, {
    issuer: TEST_ISSUER,
    jwks_uri: `https://127.0.0.1:${api.port}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
  const keys = await get('/openid/v1/jwks');
  t.is(keys.headers['content-type'], 'application/jwk-set+json');
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys.json), { audience: 'vault' });
  t.is(payload.iss, TEST_ISSUER);
});

test('an unmodified kubectl makes a token and uses it', async (t) => {
  await makeAccount('cli');
  const kubectl = (...args: string[]) => run('kubectl', ['--kubeconfig', api.kubeconfig, ...args]);
  const token = (await kubectl('create', 'token', 'cli', '--duration=15m')).stdout.trim();
  const claims = decodeJwt(token);
  t.is((claims.exp ?? 0) - (claims.iat ?? 0), 900);
  const server = [`--server=https://127.0.0.1:${api.port}`, `--certificate-authority=${api.pki.dir}/ca.crt`];
  const who = await run('kubectl', [
    '--kubeconfig=/dev/null',
    ...server,
    `--token=${token}`,
    'auth',
    'whoami',
  ]);
  t.regex(who.stdout, /Username\s+system:serviceaccount:default:cli/);
  const subject = { kind: 'ServiceAccount', namespace: 'default', name: 'cli' };
  const body = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'cli-view' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [subject],
  };
  const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  t.is((await api.send({ method: 'POST', path: bindings, body })).code, 201);
  await waitUntil('the role to count', async () => {
    const got = await api.send({ path: ACCOUNTS, as: null, headers: { authorization: `Bearer ${token}` } });
    return got.code === 200;
  });
});

test('several public keys verify, and a key of another kind is refused', (t) => {
  const old = createKeyPem();
  const fresh = createKeyPem();
  const keys = parseServiceAccountKeys(fresh.privateKey, `${old.publicKey}${fresh.publicKey}`);
  t.is(keys.verification.size, 2);
  t.is(keys.verification.get(keys.signing.keyId)?.algorithm, 'ES256');
  t.throws(() => parseServiceAccountKeys('nonsense', old.publicKey));
  t.is(createPublicKey(keys.signing.key).asymmetricKeyType, 'ec');
});
