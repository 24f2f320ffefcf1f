import { spawn } from 'node:child_process';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { WebSocket } from 'ws';
import { waitUntil } from '../../api/testing/wait-until.ts';
import { channelMessage } from '../../lib/remote-command/channels.ts';
import { parseCommandEnd } from '../../lib/remote-command/exit-status.ts';
import { type StreamingNode, startStreamingNode } from './testing/streaming-node.ts';

const WEB = '/apis/holt.dev/v1alpha1/namespaces/default/sandboxcontainers/web';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

let node: StreamingNode;
let running: Record<string, unknown>;
const audit: Record<string, unknown>[] = [];

/** The guest's forwarder: echoes behind the line that names the destination. */
function echo(socket: Socket): void {
  socket.on('data', (data) => socket.write(`<${data}>`));
}

test.before(async () => {
  node = await startStreamingNode(echo, (line) => audit.push(JSON.parse(line)));
  running = { ...node.objects.container?.status };
  node.podman.write(1, 'one\n');
  node.podman.write(2, 'two\n');
});

test.after.always(() => node?.dispose());

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], input = ''): Promise<Run> {
  const env = { ...process.env, KUBECONFIG: node.api.kubeconfig };
  const child = spawn(file, args, { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const kubectl = (args: readonly string[], input?: string) => run('kubectl', args, input);
const holt = (args: readonly string[], input?: string) => run(process.execPath, [CLI, ...args], input);

interface Stream {
  readonly socket: WebSocket;
  /** What came, by channel. */
  readonly channels: string[];
  readonly closed: Promise<number>;
}

/** @returns the stream, or the refusal's code and Status */
async function open(
  path: string,
  protocol: string,
  headers: Record<string, string> = {},
): Promise<Stream | { code: number; message: string }> {
  const { api } = node;
  const admin = { ca: await api.pki.ca(), ...(await adminCertificate()) };
  const socket = new WebSocket(`wss://127.0.0.1:${api.port}${path}`, [protocol], { ...admin, headers });
  const channels: string[] = [];
  socket.on('message', (raw: Buffer) => {
    const channel = raw[0] ?? 0;
    channels[channel] = (channels[channel] ?? '') + raw.subarray(1).toString('latin1');
  });
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ socket, channels, closed }));
    socket.on('error', reject);
    socket.once('unexpected-response', (_, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ code: response.statusCode ?? 0, message: JSON.parse(text).message }),
      );
    });
  });
}

async function adminCertificate() {
  const { readFile } = await import('node:fs/promises');
  const file = (name: string) => readFile(`${node.api.pki.dir}/${name}`);
  const [cert, key] = await Promise.all([file('admin.crt'), file('admin.key')]);
  return { cert, key };
}

async function opened(path: string, protocol: string): Promise<Stream> {
  const stream = await open(path, protocol);
  if ('code' in stream) throw new Error(stream.message);
  return stream;
}

test.serial('kubectl and holt show logs; the query is pods/log', async (t) => {
  t.is((await kubectl(['logs', 'web'])).stdout, 'one\ntwo\n');
  t.is((await holt(['logs', 'web', '--tail', '1'])).stdout, 'two\n');
  const log = (query: string) => node.api.send({ path: `${WEB}/log?${query}` });
  t.is((await log('limitBytes=5')).text, 'one\nt');
  t.is((await log('sinceTime=2026-01-02T00:00:00Z&timestamps=true')).code, 200);
  t.like(Object.fromEntries(node.podman.logQueries.at(-1) ?? []), {
    since: '2026-01-02T00:00:00Z',
    timestamps: 'true',
  });
  t.like((await log('tailLines=-1')).json, { code: 422, reason: 'Invalid' });
  t.like((await log('sinceSeconds=1&sinceTime=2026-01-02T00:00:00Z')).json, { code: 422 });
  t.regex((await log('previous=true')).json.message, /previous terminated container "web" .* not found/);
  t.is((await log('container=other')).json.message, 'container other is not valid for pod web');
  t.is((await node.api.send({ method: 'POST', path: `${WEB}/log`, body: {} })).code, 405);
});

test.serial('a followed log brings what is written later, and ends with its reader', async (t) => {
  const watch = spawn('kubectl', ['logs', '-f', '--tail=1', 'web'], {
    env: { ...process.env, KUBECONFIG: node.api.kubeconfig },
  });
  let seen = '';
  watch.stdout.on('data', (data) => {
    seen += data;
  });
  await waitUntil('the last line', async () => seen === 'two\n');
  node.podman.write(1, 'three\n');
  await waitUntil('the new line', async () => seen === 'two\nthree\n');
  watch.kill();
  await waitUntil('no follower', async () => node.podman.followers === 0);
  t.pass();
});

test.serial('exec: output, exit code and stdin, by kubectl and by holt', async (t) => {
  const words = ['web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'];
  const failed = await kubectl(['exec', ...words]);
  t.like(failed, { code: 7, stdout: 'out\n' });
  t.regex(failed.stderr, /^err\n/);
  t.deepEqual(await holt(['exec', ...words]), { code: 7, stdout: 'out\n', stderr: 'err\n' });
  t.like(await kubectl(['exec', '-i', 'web', '--', 'head', '-n1'], 'a line\n'), {
    code: 0,
    stdout: 'a line\n',
  });
  t.like(await holt(['exec', '-i', 'web', '--', 'head', '-n1'], 'a line\n'), { code: 0, stdout: 'a line\n' });
  const large = await kubectl(['exec', 'web', '--', 'head', '-c', '3000000', '/dev/zero']);
  t.is(large.stdout.length, 3_000_000);
  t.regex((await kubectl(['exec', 'web', '--', '/none'])).stderr, /ENOENT/);
  t.is((await kubectl(['attach', 'web'])).stdout, 'one\nthree\n');
});

test.serial('a terminal is resized; a client that goes ends the stdin of its program', async (t) => {
  const stream = await opened(`${WEB}/exec?command=cat&stdin=true&stdout=true&tty=true`, 'v5.channel.k8s.io');
  stream.socket.send(channelMessage(4, '{"Width":120,"Height":40}'));
  stream.socket.send(channelMessage(4, '{"Width":-1}'));
  stream.socket.send(channelMessage(0, 'typed'));
  await waitUntil('the echo', async () => stream.channels[1] === 'typed');
  await waitUntil('the size', async () => node.podman.sizes.includes('120x40'));
  t.deepEqual(node.podman.sizes, ['120x40']);
  stream.socket.terminate();
  await waitUntil('the end of cat', async () => node.podman.running === 0);
});

test.serial('a guest that breaks the protocol ends its own stream, with a Status', async (t) => {
  node.podman.garbage = Buffer.from('HTTP/1.1 200 OK\r\n\r\n');
  const stream = await opened(`${WEB}/exec?command=ls&stdout=true`, 'v4.channel.k8s.io');
  t.is(await stream.closed, 1000);
  const end = parseCommandEnd(stream.channels[3] ?? '');
  t.like(end, { kind: 'failed' });
  t.regex('message' in end ? end.message : '', /not an output frame/);
  node.podman.garbage = undefined;
});

test.serial('port-forward carries bytes to the port that is named', async (t) => {
  const stream = await opened(`${WEB}/portforward?ports=3000`, 'v4.channel.k8s.io');
  stream.socket.send(channelMessage(0, 'ping'));
  const { channels } = stream;
  await waitUntil('the echo', async () => channels[0]?.includes('ping') === true);
  t.true(channels[0]?.startsWith('\xb8\x0b<PROXY TCP4 10.89.0.10 10.89.0.10 1 3000\r\n'), channels[0] ?? '');
  t.is(channels[1], '\xb8\x0b');
  stream.socket.close();
  t.like(await open(`${WEB}/portforward?ports=0`, 'v4.channel.k8s.io'), { code: 400 });
  t.regex((await kubectl(['port-forward', 'web', '0:80'])).stderr, /"holt port-forward" speaks it/);
});

test.serial('who may only read cannot go in; whoever goes in is in the audit log', async (t) => {
  const bind = (user: string, role: string) =>
    node.api.send({
      method: 'POST',
      path: `${RBAC}/namespaces/default/rolebindings`,
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: user },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: role === 'only-get' ? 'Role' : 'ClusterRole',
          name: role,
        },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
      },
    });
  await node.api.send({
    method: 'POST',
    path: `${RBAC}/namespaces/default/roles`,
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'only-get' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get'] }],
    },
  });
  for (const [user, role] of [
    ['viewer', 'view'],
    ['editor', 'edit'],
    ['getter', 'only-get'],
  ] as const)
    await bind(user, role);
  const exec = (user: string) =>
    open(`${WEB}/exec?command=true&stdout=true`, 'v5.channel.k8s.io', { 'impersonate-user': user });
  await waitUntil('the editor’s role', async () => !('code' in (await exec('editor'))));
  for (const user of ['viewer', 'getter']) {
    const refused = await exec(user);
    t.like(refused, { code: 403 });
    t.regex(
      'message' in refused ? refused.message : '',
      /cannot (get|create) resource "sandboxcontainers\/exec"/,
    );
  }
  t.is((await kubectl(['logs', 'web', '--as=viewer'])).code, 0);
  await waitUntil('the audit', async () => audit.some(({ stage }) => stage === 'ResponseComplete'));
  const entry = audit.find(
    ({ requestURI, responseStatus }) =>
      String(requestURI).includes('/exec?command=true') && (responseStatus as { code: number }).code === 101,
  );
  t.like(entry, { level: 'Metadata', verb: 'get', impersonatedUser: { username: 'editor' } });
});

test.serial('the endpoint serves API servers alone', async (t) => {
  const ask = (certificate: object) =>
    new Promise<string>((resolve) => {
      const options = {
        port: node.nodePort,
        path: '/v1/namespaces/default/sandboxcontainers/web/log',
        agent: false,
      };
      const outgoing = httpsRequest({ ...options, ...certificate, rejectUnauthorized: false });
      outgoing.on('response', (response) => resolve(String(response.resume().statusCode)));
      outgoing.on('error', (error) => resolve(error.message));
      outgoing.end();
    });
  t.is(await ask(await adminCertificate()), '403');
  t.regex(await ask({}), /certificate required|alert|socket hang up|ECONNRESET/i);
});

test.serial('Pods show SandboxContainers, follow them, and cannot be written', async (t) => {
  const pods = '/api/v1/namespaces/default/pods';
  const watch = node.api.watch(`${pods}?watch=true`);
  await waitUntil('the Pod', async () => watch.events.length === 1);
  const { json: container } = await node.api.send({ path: WEB });
  const { json: pod } = await node.api.send({ path: `${pods}/web` });
  t.is(pod.metadata.resourceVersion, container.metadata.resourceVersion);
  t.is(pod.metadata.ownerReferences[0].uid, container.metadata.uid);
  t.not(pod.metadata.uid, container.metadata.uid);
  await node.setStatus({
    phase: 'Exited',
    ready: false,
    lastExit: { exitCode: 3, reason: 'Error', finishedAt: '2026-01-01T00:00:01Z' },
  });
  await waitUntil('the change', async () => watch.events.length === 2);
  t.like(watch.events[1], { type: 'MODIFIED', object: { kind: 'Pod', status: { phase: 'Failed' } } });
  watch.close();
  const byField = await node.api.send({
    path: `${pods}?fieldSelector=status.phase%3DFailed,spec.nodeName%3Dnode-1`,
  });
  t.is(byField.json.items.length, 1);
  for (const [method, path] of [
    ['POST', pods],
    ['PUT', `${pods}/web`],
    ['PATCH', `${pods}/web`],
    ['DELETE', `${pods}/web`],
    ['DELETE', pods],
  ] as const) {
    const headers = {
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    };
    const { json } = await node.api.send({ method, path, headers, body: {} });
    t.like(json, { code: 405, reason: 'MethodNotAllowed' }, `${method} ${path}`);
    t.regex(json.message, /sandboxcontainers\.holt\.dev/);
  }
  await node.setStatus({ ...running, lastExit: null });
});

test.serial('what is not there is told with what helps', async (t) => {
  const message = async () => (await node.api.send({ path: `${WEB}/log` })).json.message;
  const exec = async () => {
    const answer = await open(`${WEB}/exec?command=ls&stdout=true`, 'v5.channel.k8s.io');
    return 'message' in answer ? answer.message : 'opened';
  };
  t.is((await node.api.send({ path: WEB.replace('web', 'nope/log') })).code, 404);
  const { vm } = node.objects;
  node.objects.vm = vm === undefined ? undefined : { ...vm, status: { ...vm.status, phase: 'Paused' } };
  t.regex(await message(), /its VM alice is Paused; set spec\.powerState/);
  const { vmmPid: _pid, ...stopped } = vm?.status ?? {};
  node.objects.vm = vm === undefined ? undefined : { ...vm, status: { ...stopped, phase: 'Stopped' } };
  t.regex(await message(), /its VM alice is Stopped, not running; "kubectl describe uservm alice"/);
  node.objects.vm = vm;
  await node.setStatus({ phase: 'BackOff' });
  t.regex(await exec(), /is BackOff, not running/);
  await node.setStatus({ containerId: 'gone', phase: 'Running' });
  t.regex(await message(), /the guest has no such container any more/);
  await node.setStatus({ containerId: null, phase: 'Creating' });
  t.regex(await message(), /waiting to start: Creating/);
  await node.setStatus(running);
  node.vsock.ports.delete(1024);
  t.regex(await message(), /the guest does not answer/);
  await node.setStatus({ nodeName: null });
  t.regex(await message(), /does not have a host assigned/);
  await node.setStatus(running);
  await node.stopEndpoint();
  t.regex(await exec(), /node "node-1" does not answer at 127\.0\.0\.1:\d+: .*Check that holt-node runs/);
});
