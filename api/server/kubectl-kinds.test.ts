import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../lib/run-command.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

async function kubectl(...args: string[]) {
  const env = { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir };
  return runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
}

/** Succeeds, and gives its output. */
async function ok(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(...args);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Fails, and gives what it says about it. */
async function refused(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(...args);
  if (exitCode === 0) throw new Error(`kubectl ${args.join(' ')} succeeded: ${stdout}`);
  return stderr;
}

async function manifest(name: string, text: string): Promise<string> {
  const file = join(api.dir, name);
  await writeFile(file, text);
  return file;
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

test.serial('configmap: created from literals and files, shown, described, immutable', async (t) => {
  const file = await manifest('bytes.bin', '\u0000text');
  t.is(
    await ok(
      'create',
      'configmap',
      'settings',
      '--from-literal=a=1',
      '--from-literal=b=two',
      `--from-file=${file}`,
    ),
    'configmap/settings created\n',
  );
  t.regex(await ok('get', 'cm', 'settings'), /^NAME +DATA +AGE\nsettings +3 +\d+s\n$/);
  t.regex(await ok('describe', 'cm', 'settings'), /Data\n====\n(?:.*\n)*b:\n----\ntwo\n/);
  t.is(await ok('get', 'cm', 'settings', '-o', 'jsonpath={.data.b}'), 'two');
  await ok('patch', 'cm', 'settings', '-p', '{"data":{"c":"3"},"immutable":true}');
  t.regex(
    await refused('patch', 'cm', 'settings', '-p', '{"data":{"c":"4"}}'),
    /The ConfigMap "settings" is invalid: data: Forbidden: field is immutable when `immutable` is set/,
  );
  t.regex(
    await refused('patch', 'cm', 'settings', '-p', '{"immutable":false}'),
    /immutable: Forbidden: field is immutable when `immutable` is set/,
  );
  await ok('label', 'cm', 'settings', 'still=labelled');
});

test.serial('configmap: keys', async (t) => {
  const body = (fields: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'wrong' },
    ...fields,
  });
  const path = '/api/v1/namespaces/default/configmaps';
  const wrong = await api.send({
    method: 'POST',
    path,
    body: body({ data: { 'a b': '', x: '' }, binaryData: { x: '' } }),
  });
  t.is(wrong.code, 422);
  t.deepEqual(
    wrong.json.details.causes.map((cause: { field: string }) => cause.field),
    ['data[a b]', 'data[x]'],
  );
  const noBase64 = await api.send({ method: 'POST', path, body: body({ binaryData: { x: 'YQ=' } }) });
  t.is(noBase64.code, 400);
  t.regex(noBase64.json.message, /cannot be handled as a ConfigMap: illegal base64 data at input byte/);
});

test.serial('secret: stringData is put into data, types are checked and never change', async (t) => {
  t.is(
    await ok('create', 'secret', 'generic', 'key', '--from-literal=password=hunter2'),
    'secret/key created\n',
  );
  t.regex(await ok('get', 'secret', 'key'), /^NAME +TYPE +DATA +AGE\nkey +Opaque +1 +\d+s\n$/);
  t.regex(await ok('describe', 'secret', 'key'), /Type: +Opaque\n\nData\n====\npassword: +7 bytes\n/);
  await ok('patch', 'secret', 'key', '-p', '{"stringData":{"user":"ann","password":"better"}}');
  const { json } = await api.send({ path: '/api/v1/namespaces/default/secrets/key' });
  t.deepEqual(json.data, { password: 'YmV0dGVy', user: 'YW5u' });
  t.is(json.stringData, undefined);
  t.regex(
    await refused('patch', 'secret', 'key', '-p', '{"type":"other"}'),
    /type: Invalid value: "other": field is immutable/,
  );
  const tls =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: tls}\ntype: kubernetes.io/tls\nstringData: {tls.crt: x}\n';
  t.regex(await refused('create', '-f', await manifest('tls.yaml', tls)), /data\[tls\.key\]: Required value/);
  await ok(
    ...[
      'create',
      'secret',
      'docker-registry',
      'registry',
      '--docker-server=r',
      '--docker-username=u',
      '--docker-password=p',
    ],
  );
  t.is(
    await ok('get', 'secrets', '--field-selector=type=kubernetes.io/dockerconfigjson', '-o', 'name'),
    'secret/registry\n',
  );
});

test.serial('serviceaccount: shown, described; secrets merge by their name', async (t) => {
  t.is(await ok('create', 'serviceaccount', 'robot'), 'serviceaccount/robot created\n');
  await ok('patch', 'sa', 'robot', '-p', '{"secrets":[{"name":"a"}],"imagePullSecrets":[{"name":"x"}]}');
  await ok('patch', 'sa', 'robot', '-p', '{"secrets":[{"name":"b"}],"imagePullSecrets":[{"name":"y"}]}');
  t.regex(await ok('get', 'sa', 'robot'), /^NAME +SECRETS +AGE\nrobot +2 +\d+s\n$/);
  t.regex(await ok('describe', 'sa', 'robot'), /Image pull secrets: +y/);
  await ok('patch', 'sa', 'robot', '-p', '{"secrets":[{"name":"a","$patch":"delete"}]}');
  t.is(await ok('get', 'sa', 'robot', '-o', 'jsonpath={.secrets[*].name}'), 'b');
});

test.serial('roles: names may have colons, rules are checked', async (t) => {
  await ok(...['create', 'role', 'system:reader', '--verb=get,list', '--resource=secrets,uservms.holt.dev']);
  t.regex(await ok('get', 'role'), /^NAME +CREATED AT\nsystem:reader +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
  t.regex(await ok('describe', 'role', 'system:reader'), /uservms\.holt\.dev +\[\] +\[\] +\[get list\]/);
  await ok('create', 'clusterrole', 'metrics', '--verb=get', '--non-resource-url=/metrics');
  await ok('create', 'clusterrole', 'sum', '--aggregation-rule=part=sum');
  t.is(
    await ok(
      'get',
      'clusterrole',
      'sum',
      '-o',
      'jsonpath={.aggregationRule.clusterRoleSelectors[0].matchLabels.part}',
    ),
    'sum',
  );
  const role = (rules: unknown) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'wrong' },
    rules,
  });
  const path = `${RBAC}/namespaces/default/roles`;
  const wrong = await api.send({
    method: 'POST',
    path,
    body: role([{ nonResourceURLs: ['/x'] }, { verbs: ['get'] }]),
  });
  t.is(wrong.code, 422);
  t.deepEqual(
    wrong.json.details.causes.map(({ field, message }: Record<string, string>) => `${field}: ${message}`),
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
      'rules[1].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[1].resources: Required value: resource rules must supply at least one resource',
    ],
  );
  const name = await api.send({
    method: 'POST',
    path,
    body: { ...role([]), metadata: { name: 'a%b' } },
  });
  t.regex(name.json.message, /metadata\.name: Invalid value: "a%b": may not contain '%'/);
});

test.serial('bindings: shown with their subjects; the role never changes', async (t) => {
  await ok(
    ...['create', 'rolebinding', 'readers', '--role=system:reader', '--user=ann', '--user=bob'],
    ...['--group=team', '--serviceaccount=default:robot'],
  );
  t.regex(
    await ok('get', 'rolebinding', 'readers'),
    /^NAME +ROLE +AGE\nreaders +Role\/system:reader +\d+s\n$/,
  );
  t.regex(
    await ok('get', 'rolebinding', 'readers', '-o', 'wide'),
    /^NAME +ROLE +AGE +USERS +GROUPS +SERVICEACCOUNTS\n.*ann, bob +team +default\/robot\n$/,
  );
  t.regex(await ok('describe', 'rolebinding', 'readers'), /ServiceAccount +robot +default/);
  const { json } = await api.send({ path: `${RBAC}/namespaces/default/rolebindings/readers` });
  t.deepEqual(json.roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'system:reader' });
  t.regex(
    await refused('patch', 'rolebinding', 'readers', '-p', '{"roleRef":{"name":"other"}}'),
    /The RoleBinding "readers" is invalid: roleRef: Invalid value: .*: cannot change roleRef/,
  );
  await ok('create', 'clusterrolebinding', 'all', '--clusterrole=metrics', '--group=team');
  t.regex(await ok('get', 'clusterrolebinding', 'all'), /ClusterRole\/metrics/);
  const wrong = await api.send({
    method: 'POST',
    path: `${RBAC}/clusterrolebindings`,
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'wrong' },
      roleRef: { kind: 'Role', name: '' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot' }, { kind: 'Robot', name: 'x' }, { kind: 'User' }],
    },
  });
  t.deepEqual(
    wrong.json.details.causes.map(({ field, message }: Record<string, string>) => `${field}: ${message}`),
    [
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'roleRef.name: Required value',
      'subjects[0].namespace: Required value',
      'subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      'subjects[2].name: Required value',
    ],
  );
});

test.serial('resourcequota: created, shown, its limits checked', async (t) => {
  await ok(
    'create',
    'quota',
    'small',
    '--hard=cpu=1,configmaps=2,limits.memory=1Gi,count/uservms.holt.dev=3',
  );
  const status = { hard: { cpu: '1', 'limits.memory': '1Gi' }, used: { cpu: '500m', 'limits.memory': '0' } };
  const path = '/api/v1/namespaces/default/resourcequotas/small';
  const headers = { 'content-type': 'application/merge-patch+json' };
  t.is((await api.send({ method: 'PATCH', path: `${path}/status`, headers, body: { status } })).code, 200);
  t.regex(
    await ok('get', 'quota', 'small'),
    /^NAME +AGE +REQUEST +LIMIT\nsmall +\d+s +cpu: 500m\/1 +limits\.memory: 0\/1Gi\n$/,
  );
  t.regex(await ok('describe', 'quota', 'small'), /cpu +500m +1\n/);
  const errors = async (hard: object) =>
    (await api.send({ method: 'PATCH', path, headers, body: { spec: { hard } } })).json.message;
  t.regex(
    await errors({ cows: '1' }),
    /spec\.hard\[cows\]: Invalid value: "cows": must be a standard resource for quota/,
  );
  t.regex(
    await errors({ configmaps: '500m' }),
    /spec\.hard\[configmaps\]: Invalid value: "500m": must be an integer/,
  );
  t.regex(await errors({ cpu: '-1' }), /must be greater than or equal to 0/);
  t.regex(await errors({ cpu: 'much' }), /quantities must match the regular expression/);
  await ok('delete', 'quota', 'small');
});

test.serial('service: headless or a name outside, for there is no cluster network', async (t) => {
  await ok('create', 'service', 'clusterip', 'web', '--clusterip=None', '--tcp=80:8080', '--tcp=443');
  await ok('create', 'service', 'externalname', 'outside', '--external-name=example.com');
  t.regex(
    await ok('get', 'svc', 'web', 'outside', '-o', 'wide'),
    /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\nweb +ClusterIP +None +<none> +80\/TCP,443\/TCP +\d+s +app=web\noutside +ExternalName +<none> +example.com +<none> /,
  );
  t.regex(await ok('describe', 'svc', 'web'), /TargetPort: +8080\/TCP/);
  await ok('patch', 'svc', 'web', '-p', '{"spec":{"ports":[{"port":443,"$patch":"delete"}]}}');
  t.is(await ok('get', 'svc', 'web', '-o', 'jsonpath={.spec.ports[*].targetPort}'), '8080');
  t.regex(
    await refused('create', 'service', 'clusterip', 'routed', '--tcp=80'),
    /spec\.clusterIP: Required value: must be "None": there is no cluster network here/,
  );
  t.regex(
    await refused('create', 'service', 'nodeport', 'routed', '--tcp=80'),
    /spec\.type: Unsupported value: "NodePort": supported values: "ClusterIP", "ExternalName"/,
  );
  t.regex(
    await refused('create', 'service', 'externalname', '1st', '--external-name=example.com'),
    /metadata\.name: Invalid value: "1st": a DNS-1035 label must/,
  );
});

test.serial('apply, edit by replace, diff and delete work on them as on any kind', async (t) => {
  const yaml = (value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {key: ${value}}\n`;
  const file = await manifest('applied.yaml', yaml('one'));
  t.regex(await ok('apply', '-f', file), /created/);
  await manifest('applied.yaml', yaml('two'));
  t.is((await kubectl('diff', '-f', file)).exitCode, 1);
  t.regex(await ok('apply', '-f', file), /configured/);
  t.regex(await ok('replace', '-f', file), /replaced/);
  t.regex(await ok('delete', '-f', file), /deleted/);
  t.regex(await ok('explain', 'rolebinding.subjects'), /User, Group or ServiceAccount/);
});
