import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../../lib/run-command.ts';
import { startTestApi, type TestApi } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

async function kubectl(...args: readonly string[]) {
  const env = { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir };
  return runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
}

/** Succeeds, and gives its output. */
async function kubectlOk(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(...args);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

test.serial('create role, rolebinding, clusterrole, clusterrolebinding; can-i follows them', async (t) => {
  await kubectlOk('create', 'role', 'reader', '--verb=get,list', '--resource=uservms.holt.dev');
  await kubectlOk(
    'create',
    'rolebinding',
    'reader',
    '--role=reader',
    '--user=rita',
    '--serviceaccount=default:robot',
  );
  await kubectlOk('create', 'clusterrole', 'metrics', '--verb=get', '--non-resource-url=/metrics');
  await kubectlOk('create', 'clusterrolebinding', 'metrics', '--clusterrole=metrics', '--group=watchers');
  const canI = (...args: string[]) => kubectl('auth', 'can-i', ...args);
  await waitUntil(
    'rita to read',
    async () => (await canI('list', 'uservms', '--as=rita')).stdout === 'yes\n',
  );
  const no = await canI('delete', 'uservms', '--as=rita');
  t.deepEqual([no.stdout, no.exitCode], ['no\n', 1]);
  t.is((await canI('get', 'uservms', '--as=system:serviceaccount:default:robot')).stdout, 'yes\n');
  t.is((await canI('list', 'uservms', '--as=rita', '-n', 'kube-system')).stdout, 'no\n');
  t.is((await canI('get', '/metrics', '--as=x', '--as-group=watchers')).stdout, 'yes\n');
  t.is((await canI('get', '/metrics', '--as=x')).stdout, 'no\n');
  t.is((await canI('*', '*')).stdout, 'yes\n');
});

test.serial('can-i --list tells the rules of a user', async (t) => {
  const list = await kubectlOk('auth', 'can-i', '--list', '--as=rita');
  t.regex(list, /^uservms\.holt\.dev +\[\] +\[\] +\[get list\]$/m);
  t.regex(list, /^selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]$/m);
  t.regex(list, /\[\/livez\] +\[\] +\[get\]/);
});

test.serial('auth whoami says who one is, and who one acts as', async (t) => {
  t.regex(
    await kubectlOk('auth', 'whoami'),
    /Username +holt-admin\nGroups +\[system:masters system:authenticated\]/,
  );
  const acting = await kubectlOk('auth', 'whoami', '--as=hamlet', '--as-group=actors', '--as-uid=7');
  t.regex(acting, /Username +hamlet\n/);
  t.regex(acting, /UID +7\n/);
  t.regex(acting, /Groups +\[actors system:authenticated\]/);
});

test.serial('a request as somebody who may not is told so', async (t) => {
  const { exitCode, stderr } = await kubectl('get', 'secrets', '--as=rita');
  t.is(exitCode, 1);
  t.is(
    stderr,
    'Error from server (Forbidden): secrets is forbidden: User "rita" cannot list resource "secrets" in API group "" in the namespace "default"\n',
  );
});

test.serial('auth reconcile makes roles and bindings, and adds what they lack', async (t) => {
  const file = join(api.dir, 'rbac.yaml');
  const manifest = (verbs: string) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: keeper}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [${verbs}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: keeper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: keeper}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: kim}
`;
  await writeFile(file, manifest('get'));
  await kubectlOk('auth', 'reconcile', '-f', file);
  await writeFile(file, manifest('delete'));
  t.regex(
    await kubectlOk('auth', 'reconcile', '-f', file),
    /clusterrole\.rbac\.authorization\.k8s\.io\/keeper reconciled/,
  );
  const verbs = await kubectlOk('get', 'clusterrole', 'keeper', '-o', 'jsonpath={.rules[*].verbs}');
  t.is(verbs, '["get"] ["delete"]');
  await waitUntil('kim to hold both', async () => {
    const { stdout } = await kubectl('auth', 'can-i', 'delete', 'configmaps', '--as=kim');
    return stdout === 'yes\n';
  });
});

test.serial('describe and get show roles as kubectl users know them', async (t) => {
  t.regex(await kubectlOk('describe', 'clusterrole', 'metrics'), /\[\/metrics\] +\[\] +\[get\]/);
  t.regex(await kubectlOk('get', 'clusterrole', 'metrics'), /^NAME +CREATED AT\nmetrics /);
  t.regex(await kubectlOk('describe', 'rolebinding', 'reader'), /User +rita/);
});
