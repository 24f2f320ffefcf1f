import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import { ApiClient } from '../api/client/api-client.ts';
import { leaseDefinition } from '../crds/lease/definition.ts';
import type { ApiObject } from '../crds/meta/meta.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import { operationsPerSecond } from './throughput.ts';

const VALUE_BYTES = 1500;
const OPERATIONS = 4000;
const CALLERS = [1, 16];

async function openEtcd(config: HoltConfig): Promise<Etcd3> {
  const { pki } = statePaths(config.stateDir);
  const read = (file: string) => readFile(join(pki, file));
  const [rootCertificate, privateKey, certChain] = await Promise.all([
    read('etcd-ca.crt'),
    read('etcd-client.key'),
    read('etcd-client.crt'),
  ]);
  const hosts = `https://127.0.0.1:${config.ports.etcdClient}`;
  // Node's TLS takes no address as a server name; the certificate holds `localhost` too.
  const grpcOptions = { 'grpc.ssl_target_name_override': 'localhost' };
  return new Etcd3({ hosts, credentials: { rootCertificate, privateKey, certChain }, grpcOptions });
}

function lease(index: number): ApiObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: `bench-${index}`,
      namespace: 'default',
      annotations: { filler: 'x'.repeat(VALUE_BYTES - 300) },
    },
    spec: { holderIdentity: 'bench' },
  };
}

/** API writes and reads a second, each against the same work done by etcd's own client in the same run. */
export async function benchApiThroughput(config: HoltConfig, say: (line: string) => void): Promise<void> {
  const client = await ApiClient.fromKubeconfigFile(statePaths(config.stateDir).kubeconfig);
  const etcd = await openEtcd(config);
  const value = 'x'.repeat(VALUE_BYTES);
  try {
    for (const callers of CALLERS) {
      const count = callers === 1 ? OPERATIONS / 4 : OPERATIONS;
      const base = callers * 1_000_000;
      const put = await operationsPerSecond(count, callers, async (index) => {
        await etcd.put(`/bench/${base + index}`).value(value);
      });
      const create = await operationsPerSecond(count, callers, (index) =>
        client.create(leaseDefinition, lease(base + index)),
      );
      say(ratio(`create, ${callers} caller(s)`, create, 'etcd put', put));
      const rawGet = await operationsPerSecond(count, callers, (index) =>
        etcd.get(`/bench/${base + index}`).string(),
      );
      const get = await operationsPerSecond(count, callers, (index) =>
        client.get(leaseDefinition, { namespace: 'default', name: `bench-${base + index}` }),
      );
      say(ratio(`get, ${callers} caller(s)`, get, 'etcd get', rawGet));
      await operationsPerSecond(count, callers, (index) =>
        client.delete(leaseDefinition, { namespace: 'default', name: `bench-${base + index}` }),
      );
    }
  } finally {
    await etcd.delete().prefix('/bench/');
    etcd.close();
    await client.close();
  }
}

function ratio(what: string, own: number, peerName: string, peer: number): string {
  const share = (own / peer).toFixed(2);
  return `api ${what}: ${own.toFixed(0)}/s, ${peerName} ${peer.toFixed(0)}/s: ratio ${share}`;
}
