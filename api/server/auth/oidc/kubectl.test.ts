import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { stringify } from 'yaml';
import { systemClock } from '../../../../lib/clock.ts';
import { oidcSchema } from '../../../../lib/oidc/oidc-config.ts';
import { runCommand } from '../../../../lib/run-command.ts';
import { type FakeOidcIssuer, fakeOidcTls, startFakeOidcIssuer } from '../../../testing/fake-oidc-issuer.ts';
import { startTestApi, TEST_ISSUER, type TestApi, type TestObject } from '../../../testing/test-api.ts';
import { createTestPki } from '../../../testing/test-pki.ts';
import { waitUntil } from '../../../testing/wait-until.ts';
import { OidcIssuers } from './oidc-issuers.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const COOL_DOWN_MS = 100;

let api: TestApi;
let provider: FakeOidcIssuer;
/** Of another company, with other mappings. */
let partner: FakeOidcIssuer;
const audit: TestObject[] = [];
let dir: string;
const stopping = new AbortController();
const registry = new Registry();

function entry(issuer: FakeOidcIssuer, claimMappings: object): object {
  const { url, ca: certificateAuthority } = issuer;
  return { issuer: { url, audiences: ['holt'], certificateAuthority }, claimMappings };
}

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holt-oidc-'));
  const tls = await fakeOidcTls(await createTestPki(dir));
  provider = await startFakeOidcIssuer(tls);
  partner = await startFakeOidcIssuer(tls);
  const issuers = oidcSchema.parse([
    entry(provider, {
      username: { claim: 'sub', prefix: 'oidc:' },
      groups: { claim: 'groups', prefix: 'oidc:' },
    }),
    entry(partner, { username: { expression: '"partner:" + claims.preferred_username' } }),
  ]);
  const oidc = new OidcIssuers({
    ...{ issuers, apiAudiences: [TEST_ISSUER], clock: systemClock, registry, signal: stopping.signal },
    logger: pino({ level: 'silent' }),
    times: { coolDownMs: COOL_DOWN_MS },
  });
  void oidc.run();
  const sink = { write: (line: string) => audit.push(JSON.parse(line)), close: async () => {} };
  const rules = [{ level: 'Metadata' as const }];
  api = await startTestApi({ server: { tokens: [oidc], audit: { rules, sink } } });
});
test.after.always(async () => {
  stopping.abort();
  await api?.dispose();
  await Promise.all([provider?.stop(), partner?.stop()]);
  await rm(dir, { recursive: true, force: true });
});

/** kubectl with nothing but a token. */
function kubectl(token: string, ...args: readonly string[]) {
  const server = [
    `--server=https://127.0.0.1:${api.port}`,
    `--certificate-authority=${join(api.pki.dir, 'ca.crt')}`,
  ];
  const env = { ...process.env, KUBECONFIG: '/dev/null', HOME: api.dir };
  return runCommand(['kubectl', ...server, `--token=${token}`, ...args], { env, timeoutMs: 60_000 });
}

async function refusedByKubectl(t: ExecutionContext, token: string): Promise<void> {
  const { exitCode, stderr } = await kubectl(token, 'auth', 'whoami');
  t.is(exitCode, 1);
  t.regex(stderr, /^error: You must be logged in to the server \(Unauthorized\)|error: .*Unauthorized/);
}

function as(token: string, path = CONFIG_MAPS) {
  return api.send({ path, as: null, headers: { authorization: `Bearer ${token}` } });
}

async function review(token: string, audiences: readonly string[] = []): Promise<TestObject> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
  const answer = await api.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body,
  });
  return answer.json.status;
}

test.serial('kubectl auth whoami says who a token of each issuer is from', async (t) => {
  const jane = await kubectl(await provider.sign({ sub: 'jane', groups: ['devs'] }), 'auth', 'whoami');
  t.regex(jane.stdout, /Username +oidc:jane\nGroups +\[oidc:devs system:authenticated\]/);
  const joe = await kubectl(
    await partner.sign({ preferred_username: 'joe', groups: ['devs'] }),
    'auth',
    'whoami',
  );
  t.regex(joe.stdout, /Username +partner:joe\nGroups +\[system:authenticated\]/);
});

test.serial('a group of the issuer has the rights of its binding, and audits name the user', async (t) => {
  const token = await provider.sign({ sub: 'rita', groups: ['readers'] });
  const before = await kubectl(token, 'get', 'configmaps');
  t.is(before.exitCode, 1);
  t.is(
    before.stderr,
    'Error from server (Forbidden): configmaps is forbidden: User "oidc:rita" cannot list resource "configmaps" in API group "" in the namespace "default"\n',
  );
  const created = await api.send({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'readers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'oidc:readers' }],
    },
  });
  t.is(created.code, 201);
  await waitUntil('the binding to count', async () => (await as(token)).code === 200);
  t.is((await kubectl(token, 'get', 'configmaps')).exitCode, 0);
  t.is((await kubectl(token, 'auth', 'can-i', 'delete', 'configmaps')).stdout, 'no\n');
  const stranger = await partner.sign({ preferred_username: 'rita', groups: ['readers', 'oidc:readers'] });
  t.is((await as(stranger)).code, 403, 'another issuer has no part in these groups');
  const listed = audit.find(
    ({ user, verb, responseStatus }) =>
      user?.username === 'oidc:rita' && verb === 'list' && responseStatus?.code === 200,
  );
  t.deepEqual(listed?.user.groups, ['oidc:readers', 'system:authenticated']);
});

test.serial('tokens that are over, for others, of others, unsigned or forged are Unauthorized', async (t) => {
  const good = await provider.sign({ sub: 'eve' });
  const [, payload] = good.split('.');
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  await refusedByKubectl(t, await provider.sign({ sub: 'eve', exp: 1_000_000 }));
  const bad = [
    none,
    await provider.sign({ sub: 'eve', aud: 'vault' }),
    await provider.sign({ sub: 'eve', iss: 'https://other.test' }),
    await partner.sign({ sub: 'eve', iss: provider.url }),
    await partner.sign({ sub: 'eve' }),
    await provider.sign({ sub: 'system:admin' }).then((token) => `${token}x`),
  ];
  for (const token of bad) {
    const answer = await as(token);
    t.is(answer.code, 401);
    t.like(answer.json, { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
  }
  t.is((await as(good)).code, 403, 'the good one is known');
});

test.serial('a TokenReview knows tokens of issuers', async (t) => {
  const token = await provider.sign({ sub: 'rev', groups: ['devs'] });
  t.deepEqual(await review(token), {
    authenticated: true,
    user: { username: 'oidc:rev', groups: ['oidc:devs', 'system:authenticated'] },
  });
  t.like(await review(token, [TEST_ISSUER, 'vault']), { authenticated: true, audiences: [TEST_ISSUER] });
  t.like(await review(token, ['vault']), { authenticated: false });
  const late = await review(await provider.sign({ sub: 'rev', exp: 1_000_000 }));
  t.deepEqual(late, {
    authenticated: false,
    user: {},
    error: 'oidc: token is expired (Token Expiry: 1970-01-12T13:46:40.000Z)',
  });
});

test.serial(
  'an issuer’s new keys are taken, its old ones end; one that is down holds nobody else up',
  async (t) => {
    const old = await partner.sign({ preferred_username: 'kay' });
    t.is((await as(old)).code, 403);
    partner.rotate('RS256');
    const fresh = await partner.sign({ preferred_username: 'kay' });
    await waitUntil('the new key', async () => (await as(fresh)).code === 403);
    t.is((await as(old)).code, 401);
    partner.mood = 'silent';
    partner.rotate();
    const unknown = await partner.sign({ preferred_username: 'kay' });
    const asked = partner.requestCount();
    const waiting: Promise<{ readonly code: number }>[] = [];
    let over = 0;
    await waitUntil('the issuer to be asked', () => {
      const one = as(unknown).finally(() => {
        over += 1;
      });
      waiting.push(one);
      return partner.requestCount() > asked;
    });
    t.is((await as(await provider.sign({ sub: 'kay' }))).code, 403);
    t.is((await api.send({ path: '/readyz', as: null })).code, 200);
    t.true(over < waiting.length, 'its own tokens wait meanwhile');
    await partner.stop();
    for (const { code } of await Promise.all(waiting)) t.is(code, 401);
  },
);

test.serial('kubectl gets its token from an exec credential plugin', async (t) => {
  const plugin = join(api.dir, 'login');
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: await provider.sign({ sub: 'plug' }) },
  };
  await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
  await chmod(plugin, 0o755);
  const file = join(api.dir, 'exec.kubeconfig');
  const exec = { apiVersion: credential.apiVersion, command: plugin, interactiveMode: 'Never' };
  const cluster = {
    server: `https://127.0.0.1:${api.port}`,
    'certificate-authority': join(api.pki.dir, 'ca.crt'),
  };
  await writeFile(
    file,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'holt', cluster }],
      users: [{ name: 'me', user: { exec } }],
      contexts: [{ name: 'holt', context: { cluster: 'holt', user: 'me' } }],
      'current-context': 'holt',
    }),
  );
  const { stdout } = await runCommand(['kubectl', '--kubeconfig', file, 'auth', 'whoami'], {
    timeoutMs: 60_000,
  });
  t.regex(stdout, /Username +oidc:plug\n/);
});
