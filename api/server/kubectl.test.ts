import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../lib/run-command.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

async function kubectl(...args: string[]) {
  const env = { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir, EDITOR: join(api.dir, 'editor') };
  return runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
}

/** Succeeds, and gives its output. */
async function kubectlOk(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(...args);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function manifest(name: string, text: string): Promise<string> {
  const file = join(api.dir, name);
  await writeFile(file, text);
  return file;
}

const vmYaml = (cpus: number) => `apiVersion: holt.dev/v1alpha1
kind: UserVM
metadata: {name: alice}
spec: {user: alice, cpus: ${cpus}}
`;

test.serial('apply: created, unchanged, configured; a wrong field is named', async (t) => {
  const file = await manifest('vm.yaml', vmYaml(1));
  t.regex(await kubectlOk('apply', '-f', file), /created/);
  t.regex(await kubectlOk('apply', '-f', file), /unchanged/);
  await manifest('vm.yaml', vmYaml(2));
  t.is((await kubectl('diff', '-f', file)).exitCode, 1);
  t.regex(await kubectlOk('apply', '-f', file), /configured/);
  const wrong = await kubectl('apply', '-f', await manifest('wrong.yaml', vmYaml(2).replace('cpus', 'cpuz')));
  t.regex(wrong.stderr, /unknown field "spec.cpuz"/);
});

test.serial('get, describe, explain, api-resources', async (t) => {
  t.regex(await kubectlOk('get', 'vm'), /^NAME +USER +PHASE +READY +NODE +AGE\nalice +alice /);
  t.regex(await kubectlOk('get', 'uvm', '-A', '-o', 'wide'), /VMM-PID/);
  t.regex(await kubectlOk('get', 'uservm', 'alice', '-o', 'yaml'), /\n {2}cpus: 2\n/);
  t.regex(await kubectlOk('describe', 'uservm', 'alice'), /Name: +alice/);
  t.regex(await kubectlOk('explain', 'uservm.spec.dataVolume'), /size\t<string>/);
  t.regex(
    await kubectlOk('api-resources'),
    /sandboxcontainers +sc +holt.dev\/v1alpha1 +true +SandboxContainer/,
  );
  t.regex(await kubectlOk('get', 'ns'), /kube-node-lease +Active/);
});

test.serial('describe shows the events of a commit', async (t) => {
  const body = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status: { phase: 'Failed', observedGeneration: 2 },
    events: [{ type: 'Warning', reason: 'BootTimeout', message: 'the guest does not answer' }],
    reportingComponent: 'holt-node',
    reportingInstance: 'node-1',
  };
  const path = '/apis/holt.dev/v1alpha1/namespaces/default/uservms/alice/commit';
  t.is((await api.send({ method: 'POST', path, body })).code, 200);
  t.regex(
    await kubectlOk('describe', 'uservm', 'alice'),
    /Warning +BootTimeout .* holt-node +the guest does not answer/,
  );
  t.regex(await kubectlOk('get', 'events'), /BootTimeout/);
});

test.serial('create, patch, label, annotate, edit', async (t) => {
  t.regex(await kubectlOk('create', 'namespace', 'team-a'), /created/);
  await kubectlOk('label', 'namespace', 'team-a', 'team=a');
  await kubectlOk('patch', 'namespace', 'team-a', '-p', '{"metadata":{"annotations":{"x":"y"}}}');
  t.is(await kubectlOk('get', 'ns', '-l', 'team=a', '-o', 'name'), 'namespace/team-a\n');
  await kubectlOk('annotate', 'uservm', 'alice', 'note=hello');
  await kubectlOk('patch', 'uservm', 'alice', '--type=merge', '-p', '{"spec":{"cpus":3}}');
  await kubectlOk(
    'patch',
    'uservm',
    'alice',
    '--type=json',
    '-p',
    '[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]',
  );
  await chmod(await manifest('editor', '#!/bin/sh\nsed -i "s/cpus: 3/cpus: 4/" "$1"\n'), 0o755);
  await kubectlOk('edit', 'uservm', 'alice');
  t.is(await kubectlOk('get', 'uservm', 'alice', '-o', 'jsonpath={.spec.cpus}'), '4');
});

test.serial('wait and get -w follow a change', async (t) => {
  const wait = kubectlOk('wait', '--for=condition=Ready', 'uservm/alice', '--timeout=30s');
  const watch = kubectl('get', 'uservm', 'alice', '-w', '--request-timeout=4s');
  const conditions = [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ];
  const path = '/apis/holt.dev/v1alpha1/namespaces/default/uservms/alice/status';
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.send({
    method: 'PATCH',
    path,
    headers,
    body: { status: { phase: 'Running', observedGeneration: 99, conditions } },
  });
  t.regex(await wait, /condition met/);
  t.regex((await watch).stdout, /alice +alice +Running +True/);
});

test.serial('delete waits for finalizers', async (t) => {
  await kubectlOk(
    'patch',
    'uservm',
    'alice',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":["holt.dev/vm"]}}',
  );
  let deleted = false;
  const deletion = kubectlOk('delete', 'uservm', 'alice', '--timeout=30s').then((output) => {
    deleted = true;
    return output;
  });
  const path = '/apis/holt.dev/v1alpha1/namespaces/default/uservms/alice';
  await waitUntil(
    'the mark',
    async () => (await api.send({ path })).json.metadata.deletionTimestamp !== undefined,
  );
  t.false(deleted);
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.send({ method: 'PATCH', path, headers, body: { metadata: { finalizers: null } } });
  t.regex(await deletion, /deleted/);
  t.is((await kubectl('get', 'uservm', 'alice')).exitCode, 1);
});

test.serial('auth: can-i and whoami', async (t) => {
  t.is(await kubectlOk('auth', 'can-i', 'create', 'uservms'), 'yes\n');
  t.regex(await kubectlOk('auth', 'whoami'), /holt-admin/);
});
