import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../lib/run-command.ts';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

async function kubectl(...args: string[]) {
  const env = { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir };
  const { exitCode, stdout, stderr } = await runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
  return { exitCode, stdout, stderr };
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

const vmYaml = (name: string, cpus: number, more = '') => `apiVersion: holt.dev/v1alpha1
kind: UserVM
metadata: {name: ${name}${more}}
spec: {user: ${name}, cpus: ${cpus}}
`;

async function managersOf(name: string): Promise<string[][]> {
  const { json } = await api.send({ path: `/apis/holt.dev/v1alpha1/namespaces/default/uservms/${name}` });
  return json.metadata.managedFields.map(({ manager, operation }: TestObject) => [manager, operation]);
}

test('apply --server-side: created, the same again, a conflict, --force-conflicts', async (t) => {
  const file = await manifest('alice.yaml', vmYaml('alice', 1));
  t.is(await kubectlOk('apply', '--server-side', '-f', file), 'uservm.holt.dev/alice serverside-applied\n');
  t.is(await kubectlOk('apply', '--server-side', '-f', file), 'uservm.holt.dev/alice serverside-applied\n');
  t.deepEqual(await managersOf('alice'), [['kubectl', 'Apply']]);
  await kubectlOk('patch', 'uservm', 'alice', '--type=merge', '-p', '{"spec":{"cpus":2}}');
  const refused = await kubectl('apply', '--server-side', '-f', file);
  t.is(refused.exitCode, 1);
  t.is(
    refused.stderr,
    `error: Apply failed with 1 conflict: conflict with "kubectl-patch" using holt.dev/v1alpha1: .spec.cpus
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
`,
  );
  t.is(
    await kubectlOk('apply', '--server-side', '--force-conflicts', '-f', file),
    'uservm.holt.dev/alice serverside-applied\n',
  );
  t.is(await kubectlOk('get', 'uservm', 'alice', '-o', 'jsonpath={.spec.cpus}'), '1');
});

test('from client-side to server-side apply and back', async (t) => {
  const file = await manifest('bob.yaml', vmYaml('bob', 1, ', labels: {a: b, c: d}'));
  t.is(await kubectlOk('apply', '-f', file), 'uservm.holt.dev/bob created\n');
  t.deepEqual(await managersOf('bob'), [['kubectl-client-side-apply', 'Update']]);
  await manifest('bob.yaml', vmYaml('bob', 2, ', labels: {a: b}'));
  t.is(await kubectlOk('apply', '--server-side', '-f', file), 'uservm.holt.dev/bob serverside-applied\n');
  t.is(
    await kubectlOk('get', 'uservm', 'bob', '-o', 'jsonpath={.metadata.labels} {.spec.cpus}'),
    '{"a":"b"} 2',
  );
  t.true(
    (await managersOf('bob')).some(([manager, operation]) => manager === 'kubectl' && operation === 'Apply'),
  );
  const lastApplied = await kubectlOk('apply', 'view-last-applied', 'uservm', 'bob', '-o', 'json');
  t.is(JSON.parse(lastApplied).spec.cpus, 2);
  await manifest('bob.yaml', vmYaml('bob', 3));
  t.regex(await kubectlOk('apply', '-f', file), /^uservm.holt.dev\/bob configured\n/);
  t.is(await kubectlOk('get', 'uservm', 'bob', '-o', 'jsonpath={.metadata.labels} {.spec.cpus}'), ' 3');
});

test('diff --server-side shows what would change, and changes nothing', async (t) => {
  const file = await manifest('carol.yaml', vmYaml('carol', 1));
  await kubectlOk('apply', '--server-side', '-f', file);
  t.is((await kubectl('diff', '--server-side', '-f', file)).exitCode, 0);
  await manifest('carol.yaml', vmYaml('carol', 2));
  const { exitCode, stdout } = await kubectl('diff', '--server-side', '-f', file);
  t.is(exitCode, 1);
  t.deepEqual(
    stdout.split('\n').filter((line) => /^[-+] /.test(line)),
    ['-  generation: 1', '+  generation: 2', '-  cpus: 1', '+  cpus: 2'],
  );
  t.is(await kubectlOk('get', 'uservm', 'carol', '-o', 'jsonpath={.spec.cpus}'), '1');
  t.regex(
    await kubectlOk('apply', '--server-side', '--dry-run=server', '-f', file),
    /^uservm.holt.dev\/carol serverside-applied \(server dry run\)\n$/,
  );
});

test('managedFields are hidden, and shown when asked for; built-in kinds are applied too', async (t) => {
  const file = await manifest(
    'team.yaml',
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {x: one}}\n',
  );
  t.is(await kubectlOk('apply', '--server-side', '-f', file), 'namespace/team serverside-applied\n');
  t.notRegex(await kubectlOk('get', 'namespace', 'team', '-o', 'yaml'), /managedFields/);
  t.regex(
    await kubectlOk('get', 'namespace', 'team', '-o', 'yaml', '--show-managed-fields'),
    /managedFields:\n {2}- apiVersion: v1\n {4}fieldsType: FieldsV1\n {4}fieldsV1:\n {6}f:metadata:\n {8}f:labels:\n {10}f:x: \{\}\n {4}manager: kubectl\n {4}operation: Apply\n/,
  );
  await kubectlOk('label', 'namespace', 'team', 'z=w');
  await manifest('team.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n');
  await kubectlOk('apply', '--server-side', '-f', file);
  const { labels } = (await api.send({ path: '/api/v1/namespaces/team' })).json.metadata;
  t.is(labels.z, 'w');
  t.is(labels.x, undefined);
});

test('a manager of its own name, a status of its own', async (t) => {
  const file = await manifest('dave.yaml', vmYaml('dave', 1));
  await kubectlOk('apply', '--server-side', '--field-manager=platform', '-f', file);
  const status = await manifest(
    'dave-status.yaml',
    `${vmYaml('dave', 1)}status: {phase: Booting, observedGeneration: 1}\n`,
  );
  await kubectlOk('apply', '--server-side', '--subresource=status', '--field-manager=probe', '-f', status);
  t.deepEqual((await managersOf('dave')).toSorted(), [
    ['platform', 'Apply'],
    ['probe', 'Apply'],
  ]);
});
