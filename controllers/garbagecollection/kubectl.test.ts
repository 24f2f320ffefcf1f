import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { stringify } from 'yaml';
import { waitUntil } from '../../api/testing/wait-until.ts';
import { statePaths } from '../../lib/config.ts';
import { runCommand } from '../../lib/run-command.ts';
import { ControlPlane } from '../testing/control-plane.ts';

/** Real etcd, API server, manager and kubectl, each a process of its own. */
let plane: ControlPlane | undefined;

test.before(async () => {
  plane = await ControlPlane.start();
  await plane.startManager();
});

test.after.always(async () => plane?.dispose());

function running(): ControlPlane {
  if (plane === undefined) throw new Error('the control plane did not start');
  return plane;
}

async function kubectl(...args: string[]) {
  const { stateDir } = running().config;
  const env = { ...process.env, KUBECONFIG: statePaths(stateDir).kubeconfig, HOME: stateDir };
  return runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
}

/** Succeeds, and gives its output. */
async function ok(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(...args);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function apply(...objects: readonly object[]): Promise<void> {
  const file = join(running().config.stateDir, 'objects.yaml');
  await writeFile(file, objects.map((object) => stringify(object)).join('---\n'));
  await ok('apply', '-f', file);
}

/** What `get` prints of the owners of an object; empty where it has none. Undefined: it is gone. */
async function ownersOf(namespace: string, resource: string): Promise<string | undefined> {
  const path = 'jsonpath={.metadata.ownerReferences[*].name}';
  const { exitCode, stdout, stderr } = await kubectl('get', '-n', namespace, resource, '-o', path);
  if (exitCode === 0) return stdout;
  if (stderr.includes('NotFound')) return undefined;
  throw new Error(stderr);
}

interface OwnerKind {
  /** As kubectl takes it. */
  readonly resource: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly fields: object;
}

const OWNER_KINDS: readonly OwnerKind[] = [
  { resource: 'configmap', apiVersion: 'v1', kind: 'ConfigMap', fields: { data: { a: '1' } } },
  {
    resource: 'uservm',
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    fields: { spec: { user: 'ann', memory: '256Mi' } },
  },
  { resource: 'widget', apiVersion: 'example.com/v1', kind: 'Widget', fields: { spec: { size: 3 } } },
];

const WIDGET_DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

test.serial('a kind is defined while the manager runs', async (t) => {
  await apply(WIDGET_DEFINITION);
  await ok('wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=30s');
  t.pass();
});

for (const { resource, apiVersion, kind, fields } of OWNER_KINDS) {
  for (const cascade of ['foreground', 'background', 'orphan']) {
    test.serial(`kubectl delete ${resource} --cascade=${cascade}`, async (t) => {
      const namespace = `${resource}-${cascade}`;
      await ok('create', 'namespace', namespace);
      await apply({ apiVersion, kind, metadata: { namespace, name: 'owner' }, ...fields });
      const uid = await ok('get', '-n', namespace, resource, 'owner', '-o', 'jsonpath={.metadata.uid}');
      const reference = { apiVersion, kind, name: 'owner', uid, blockOwnerDeletion: true };
      const dependent = (name: string) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name, ownerReferences: [reference] },
      });
      await apply(dependent('one'), dependent('two'));
      const told = await ok('delete', '-n', namespace, resource, 'owner', `--cascade=${cascade}`);
      t.regex(told, /"owner" deleted\n$/);
      t.is(await ownersOf(namespace, `${resource}/owner`), undefined);
      for (const name of ['one', 'two']) {
        const found = () => ownersOf(namespace, `configmap/${name}`);
        if (cascade === 'background')
          await waitUntil('the dependent to go', async () => (await found()) === undefined);
        t.is(await found(), cascade === 'orphan' ? '' : undefined);
      }
      await ok('delete', 'namespace', namespace);
    });
  }
}

test.serial(
  'the definition goes with its objects and what they own, and a namespace with all of it',
  async (t) => {
    await ok('create', 'namespace', 'last');
    const fields = { apiVersion: 'example.com/v1', kind: 'Widget' };
    await apply(
      { ...fields, metadata: { namespace: 'last', name: 'owner' } },
      { ...fields, metadata: { namespace: 'last', name: 'other' } },
    );
    const uid = await ok('get', '-n', 'last', 'widget', 'owner', '-o', 'jsonpath={.metadata.uid}');
    const ownerReferences = [{ ...fields, name: 'owner', uid }];
    await apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'last', name: 'part', ownerReferences },
    });
    await ok('delete', 'crd', 'widgets.example.com');
    await waitUntil(
      'the dependent to go',
      async () => (await ownersOf('last', 'configmap/part')) === undefined,
    );
    await ok('delete', 'namespace', 'last');
    t.is(await ownersOf('last', 'configmap/kube-root-ca.crt'), undefined);
  },
);

test.serial('the audit log names the collector for what went with its owner', async (t) => {
  const isDelete = /"verb":"delete".*"resource":"configmaps","namespace":"widget-foreground","name":"one"/;
  let line: string | undefined;
  await waitUntil('the line', async () => {
    const lines = (await readFile(statePaths(running().config.stateDir).auditLog, 'utf8')).split('\n');
    line = lines.find((each) => isDelete.test(each));
    return line !== undefined;
  });
  const { user, impersonatedUser } = JSON.parse(line ?? '{}');
  t.is(user.username, 'system:holt-manager');
  t.is(impersonatedUser.username, 'system:serviceaccount:kube-system:generic-garbage-collector');
});
