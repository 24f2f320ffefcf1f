import { join } from 'node:path';
import { pino } from 'pino';
import { startTestApi, type TestApi } from '../../../api/testing/test-api.ts';
import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../../crds/uservm/definition.ts';
import { DEFAULT_AUDIT_RULES } from '../../../lib/audit-rule.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { PortTarget } from '../../../lib/podman/testing/fake-hybrid-vsock.ts';
import { FakeHybridVsock } from '../../../lib/podman/testing/fake-hybrid-vsock.ts';
import { type StreamEndpoint, startStreamEndpoint } from '../endpoint.ts';
import { FakeGuestPodman } from './fake-guest-podman.ts';

const HOLT = '/apis/holt.dev/v1alpha1/namespaces/default';
const CONTAINER_ID = 'c0ffee';

/** A real API server and a real node endpoint, with a fake guest behind it: container `web` of VM `alice`. */
export interface StreamingNode {
  readonly api: TestApi;
  readonly podman: FakeGuestPodman;
  readonly vsock: FakeHybridVsock;
  /** The node's objects, as its informers would have them. */
  readonly objects: { container: SandboxContainer | undefined; vm: UserVm | undefined };
  readonly nodePort: number;
  /** Writes a status of `web`, for the API and for the node. */
  setStatus(status: Record<string, unknown>): Promise<void>;
  stopEndpoint(): Promise<void>;
  dispose(): Promise<void>;
}

async function put(api: TestApi, path: string, body: object): Promise<SandboxContainer> {
  const { code, text, json } = await api.send({ method: 'POST', path, body });
  if (code !== 201) throw new Error(text);
  return json;
}

async function patchStatus(api: TestApi, path: string, status: object) {
  const headers = { 'content-type': 'application/merge-patch+json' };
  const { code, text, json } = await api.send({
    method: 'PATCH',
    path: `${path}/status`,
    headers,
    body: { status },
  });
  if (code !== 200) throw new Error(text);
  return json;
}

/** Starts all of it. @param forward what answers at the guest's port-forward port */
export async function startStreamingNode(
  forward: PortTarget,
  auditTo?: (line: string) => void,
): Promise<StreamingNode> {
  let nodeTls: { cert: Buffer; key: Buffer; ca: Buffer } | undefined;
  const api = await startTestApi({
    server: {
      nodeTls: () => {
        if (nodeTls === undefined) throw new Error('not yet');
        return nodeTls;
      },
      ...(auditTo === undefined
        ? {}
        : { audit: { rules: DEFAULT_AUDIT_RULES, sink: { write: auditTo, close: async () => {} } } }),
    },
  });
  const ca = await api.pki.ca();
  nodeTls = { ...(await api.pki.issue('api-node', '/O=holt:node-clients/CN=system:holt-api')), ca };
  const serving = await api.pki.issue(
    'node-serving',
    '/O=system:nodes/CN=system:node:node-1',
    'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth',
  );
  const socketPath = join(api.dir, 'v.sock');
  const podmanPath = join(api.dir, 'podman.sock');
  const podman = await FakeGuestPodman.listen(podmanPath, CONTAINER_ID);
  const vsock = await FakeHybridVsock.listen(socketPath, { 1024: { path: podmanPath }, 1029: forward });
  const objects: StreamingNode['objects'] = { container: undefined, vm: undefined };
  const endpoint: StreamEndpoint = await startStreamEndpoint({
    tls: { ...serving, ca },
    port: 0,
    objects: {
      container: (namespace, name) =>
        namespace === 'default' && name === 'web' ? objects.container : undefined,
      userVm: () => objects.vm,
      vmSocketPath: () => socketPath,
      nodeName: 'node-1',
    },
    clock: systemClock,
    logger: pino({ level: process.env.HOLT_TEST_LOG ?? 'silent' }),
  });
  await put(api, '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
  await patchStatus(api, '/api/v1/nodes/node-1', {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: endpoint.port } },
  });
  const apiVersion = 'holt.dev/v1alpha1';
  await put(api, `${HOLT}/uservms`, {
    apiVersion,
    kind: 'UserVM',
    metadata: { name: 'alice' },
    spec: { user: 'alice' },
  });
  const status = { nodeName: 'node-1', phase: 'Running', vmmPid: 1 };
  objects.vm = await patchStatus(api, `${HOLT}/uservms/alice`, status);
  await put(api, `${HOLT}/sandboxcontainers`, {
    apiVersion,
    kind: 'SandboxContainer',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: { vmRef: { name: 'alice' }, role: 'live', source: { image: 'example.com/web:1' } },
  });
  const node: StreamingNode = {
    api,
    podman,
    vsock,
    objects,
    nodePort: endpoint.port,
    setStatus: async (next) => {
      objects.container = await patchStatus(api, `${HOLT}/sandboxcontainers/web`, next);
    },
    stopEndpoint: () => endpoint.close(),
    dispose: async () => {
      await endpoint.close();
      await vsock.close();
      await podman.close();
      await api.dispose();
    },
  };
  await node.setStatus({
    nodeName: 'node-1',
    phase: 'Running',
    containerId: CONTAINER_ID,
    address: '10.89.0.10',
    ready: true,
    restartCount: 0,
    startedAt: '2026-01-01T00:00:00Z',
  });
  return node;
}
