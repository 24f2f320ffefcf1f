import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startEtcd } from '../../api/testing/etcd-process.ts';
import { freePorts } from '../../api/testing/free-ports.ts';
import { createTestPki } from '../../api/testing/test-pki.ts';
import { runCommand } from '../../lib/run-command.ts';
import { ApiConnections } from './api-connections.ts';
import { untilServed } from './until-served.ts';
import { pidOf, type World } from './world.ts';

const PROGRAM = 'apiextensions-apiserver';

/** Kubernetes' own server of custom resources with an etcd of its own; undefined where it is not on the PATH. */
export async function startPeer(holt: World): Promise<World | undefined> {
  if ((await runCommand(['which', PROGRAM])).exitCode !== 0) return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'holt-bench-peer-'));
  const etcd = await startEtcd({ quotaBytes: 6 * 1024 ** 3 });
  const pki = await createTestPki(dir);
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth';
  await pki.issue('server', '/CN=peer', names);
  const tls = { ca: await pki.ca(), ...(await pki.issue('admin', '/O=system:masters/CN=admin')) };
  const [port = 0] = await freePorts(1);
  const file = (name: string) => join(dir, name);
  // It asks a core API server for namespaces and reviews: Holt is one.
  await writeFile(file('kubeconfig'), stringify(holt.kubeconfig()));
  const [endpoint = ''] = etcd.connection.endpoints;
  const child = spawn(
    PROGRAM,
    [
      ...['--etcd-servers', endpoint, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
      ...['--tls-cert-file', file('server.crt'), '--tls-private-key-file', file('server.key')],
      ...['--client-ca-file', file('ca.crt'), '--authentication-skip-lookup'],
      ...[
        '--authentication-kubeconfig',
        file('kubeconfig'),
        '--authorization-kubeconfig',
        file('kubeconfig'),
      ],
      ...['--kubeconfig', file('kubeconfig'), '--enable-priority-and-fairness=false'],
      ...['--max-requests-inflight', '4000', '--max-mutating-requests-inflight', '2000'],
      // Its admission would wait for kinds that only a whole cluster has.
      '--disable-admission-plugins=NamespaceLifecycle,MutatingAdmissionWebhook,ValidatingAdmissionWebhook,ValidatingAdmissionPolicy,MutatingAdmissionPolicy',
    ],
    { stdio: 'ignore' },
  );
  const connect = (count: number) => new ApiConnections(`https://127.0.0.1:${port}`, tls, count);
  await untilServed(connect);
  return {
    name: PROGRAM,
    etcd,
    pid: pidOf(child),
    connect,
    kubeconfig: () => holt.kubeconfig(),
    heldBytes: () => Promise.resolve(undefined),
    dispose: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      await etcd.dispose();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
