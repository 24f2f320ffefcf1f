import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { fakeOidcTls, startFakeOidcIssuer } from './testing/fake-oidc-issuer.ts';
import { JsonConnection } from './testing/json-connection.ts';
import { type MainHost, mainReady, prepareMainHost, startMain } from './testing/main-host.ts';
import { metricsText } from './testing/main-metrics.ts';
import { waitUntil } from './testing/wait-until.ts';

let host: MainHost;

test.before(async () => {
  host = await prepareMainHost();
});

test.after.always(() => host?.dispose());

test.serial(
  'serves over an etcd that wants certificates, says when its port is taken, and ends in order',
  async (t) => {
    const server = startMain('--config', host.config);
    t.teardown(() => server.child.kill('SIGKILL'));
    await mainReady(host.port);
    const second = startMain('--config', host.config);
    t.is(await second.exit, 1);
    t.regex(
      second.stderr(),
      /^holt-api: cannot listen on 127\.0\.0\.1:\d+: the port is taken\. .*ports\.api.*\n$/,
    );
    server.child.kill('SIGTERM');
    t.is(await server.exit, 0);
  },
);

test.serial('wrong arguments, a missing file and a wrong setting are one clear line', async (t) => {
  const bad = join(host.dir, 'bad.json');
  await writeFile(
    bad,
    JSON.stringify({ stateDir: 'relative', ports: {}, vmm: { binary: '/x', mode: 'kvm' } }),
  );
  for (const [args, words] of [
    [[], /^holt-api: usage: holt-api --config FILE\n$/],
    [['--config', '/missing.json'], /^holt-api: ENOENT.*"holt dev up".*\n$/],
    [['--config', bad], /^holt-api: .*stateDir.*\n$/],
  ] as const) {
    const run = startMain(...args);
    t.is(await run.exit, 1);
    t.regex(run.stderr(), words);
  }
});

test.serial('tokens of a configured issuer are known; a wrong expression is one clear line', async (t) => {
  const issuer = await startFakeOidcIssuer(await fakeOidcTls(host.pki));
  t.teardown(() => issuer.stop());
  const settings = JSON.parse(await readFile(host.config, 'utf8'));
  const configWith = async (name: string, username: object) => {
    const entry = {
      issuer: {
        url: issuer.url,
        audiences: ['holt'],
        certificateAuthorityFile: join(host.pki.dir, 'ca.crt'),
      },
      claimMappings: { username },
    };
    const file = join(host.dir, name);
    await writeFile(file, JSON.stringify({ ...settings, authentication: { oidc: [entry] } }));
    return file;
  };
  const wrong = startMain('--config', await configWith('wrong.json', { expression: 'claim.sub' }));
  t.is(await wrong.exit, 1);
  t.is(
    wrong.stderr(),
    'holt-api: configuration: authentication.oidc.0.claimMappings.username.expression: "claim.sub": compilation failed: Unknown variable: claim\n',
  );
  const unsaid = startMain('--config', await configWith('unsaid.json', { claim: 'sub' }));
  t.is(await unsaid.exit, 1);
  t.is(
    unsaid.stderr(),
    'holt-api: configuration: authentication.oidc.0.claimMappings.username.prefix: "": is required when claim is set; an empty string means no prefix\n',
  );

  const server = startMain('--config', await configWith('oidc.json', { claim: 'sub', prefix: 'oidc:' }));
  t.teardown(() => server.child.kill('SIGKILL'));
  await mainReady(host.port);
  const admin = { port: host.port, ...host.client };
  const connection = new JsonConnection(admin, 10_000);
  t.teardown(() => connection.close());
  const whoIs = async () => {
    const { json } = await connection.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: await issuer.sign({ sub: 'jane' }) },
      },
    });
    return json.status.user?.username;
  };
  t.is(await whoIs(), 'oidc:jane');
  t.regex(await metricsText(admin), /holt_api_oidc_tokens_total{.*result="success"} 1/);

  // The configuration changes while the server runs: what is wrong changes nothing.
  await configWith('oidc.json', { claim: 'sub' });
  const failures = /^holt_api_oidc_reloads_total{result="failure"} 1$/m;
  await waitUntil('the refusal', async () => failures.test(await metricsText(admin)));
  t.is(await whoIs(), 'oidc:jane');
  await configWith('oidc.json', { expression: '"new:" + claims.sub' });
  await waitUntil('the new mapping', async () => (await whoIs()) === 'new:jane');
  issuer.mood = 'silent';
  server.child.kill('SIGTERM');
  t.is(await server.exit, 0);
});
