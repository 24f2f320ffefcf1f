import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '../api/client/api-client.ts';
import { Etcd3Kv } from '../api/storage/etcd/etcd-kv.ts';
import { leaseDefinition } from '../crds/lease/definition.ts';
import type { ApiObject } from '../crds/meta/meta.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import { operationsPerSecond } from './throughput.ts';

const VALUE_BYTES = 1500;
const OPERATIONS = 4000;
const CALLERS = [1, 16];

async function openEtcd(config: HoltConfig): Promise<Etcd3Kv> {
  const { pki } = statePaths(config.stateDir);
  const read = (file: string) => readFile(join(pki, file));
  const [ca, key, cert] = await Promise.all([
    read('etcd-ca.crt'),
    read('etcd-client.key'),
    read('etcd-client.crt'),
  ]);
  const endpoints = [`https://127.0.0.1:${config.ports.etcdClient}`];
  return new Etcd3Kv({ endpoints, tls: { ca, key, cert }, requestTimeoutMs: 20_000 });
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

/** API writes and reads a second, each against the same work done by etcd alone in the same run. */
export async function benchApiThroughput(config: HoltConfig, say: (line: string) => void): Promise<void> {
  const client = await ApiClient.fromKubeconfigFile(statePaths(config.stateDir).kubeconfig);
  const etcd = await openEtcd(config);
  const value = Buffer.alloc(VALUE_BYTES, 'x');
  try {
    for (const callers of CALLERS) {
      const count = callers === 1 ? OPERATIONS / 4 : OPERATIONS;
      const base = callers * 1_000_000;
      const put = await operationsPerSecond(count, callers, (index) =>
        etcd.txn({ compare: [], success: [{ put: `/bench/${base + index}`, value }] }),
      );
      const create = await operationsPerSecond(count, callers, (index) =>
        client.create(leaseDefinition, lease(base + index)),
      );
      say(ratio(`create, ${callers} caller(s)`, create, 'etcd put', put));
      const rawGet = await operationsPerSecond(count, callers, (index) =>
        etcd.range({ key: `/bench/${base + index}` }),
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
    etcd.close();
    await client.close();
  }
}

function ratio(what: string, own: number, peerName: string, peer: number): string {
  const share = (own / peer).toFixed(2);
  return `api ${what}: ${own.toFixed(0)}/s, ${peerName} ${peer.toFixed(0)}/s: ratio ${share}`;
}
