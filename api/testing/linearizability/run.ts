import { leaseDefinition } from '../../../crds/lease/definition.ts';
import { Etcd3Kv } from '../../storage/etcd/etcd-kv.ts';
import { listPrefix } from '../../storage/keys.ts';
import { type ApiAddress, JsonConnection } from '../json-connection.ts';
import type { MainHost } from '../main-host.ts';
import { waitUntil } from '../wait-until.ts';
import type { Anomaly } from './anomaly.ts';
import { checkHistory } from './check.ts';
import { checkWatch, type WatchedEvent } from './check-watch.ts';
import { HttpLeaseClient } from './lease-client.ts';
import type { LeaseClient, Operation } from './operation.ts';
import { type LogEntry, openStoreLog } from './store-log.ts';
import { recordWatch } from './watch-recorder.ts';
import { runWorkload } from './workload.ts';

export interface RunOptions {
  readonly host: MainHost;
  /** Made for this run. */
  readonly namespace: string;
  readonly operationCount: number;
  readonly seed: number;
  readonly clientCount: number;
  readonly keyCount: number;
  readonly onProgress?: (done: number) => void;
  /** Awaited before the run is concluded. */
  readonly settled?: () => Promise<void>;
  /** Makes the answers wrong. */
  readonly plantClient?: (client: LeaseClient) => LeaseClient;
}

export interface RunResult {
  readonly operations: readonly Operation[];
  readonly log: readonly LogEntry[];
  readonly anomalies: readonly Anomaly[];
  /** What each watcher saw. */
  readonly watched: readonly (readonly WatchedEvent[])[];
  readonly watchStreams: number;
}

const REQUEST_TIMEOUT_MS = 15_000;
const LAST_KEY = 'the-last';

async function createNamespace(connection: JsonConnection, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const { code, json } = await connection.send({ method: 'POST', path: '/api/v1/namespaces', body });
  if (code !== 201) throw new Error(`namespace ${name}: ${json.message}`);
}

/** Writes a mark behind everything else, however often that takes, and tells its revision. */
async function writeMark(client: LeaseClient): Promise<number> {
  let revision = 0;
  await waitUntil('the last write', async () => {
    const created = await client.create(LAST_KEY, 'last');
    const outcome = created.kind === 'seen' ? created : await client.get(LAST_KEY);
    if (outcome.kind === 'seen') revision = outcome.seen.revision;
    return revision > 0;
  });
  return revision;
}

/** Lets clients work, watches them, and judges what they were told by what etcd did. */
export async function runAndCheck(options: RunOptions): Promise<RunResult> {
  const { host, namespace, operationCount, seed, clientCount, keyCount, onProgress } = options;
  const address: ApiAddress = { port: host.port, ...host.client };
  const connections = Array.from(
    { length: clientCount + 1 },
    () => new JsonConnection(address, REQUEST_TIMEOUT_MS),
  );
  const [own, ...others] = connections;
  if (own === undefined) throw new RangeError('no connection');
  await createNamespace(own, namespace);
  const kv = new Etcd3Kv(host.etcd.connection);
  const { revision } = await kv.range({ key: 'none' });
  kv.close();
  const log = openStoreLog(host.etcd.connection, listPrefix(leaseDefinition, namespace), revision + 1);
  const watches = [false, true].map((bookmarks) =>
    recordWatch({ address, namespace, afterRevision: revision, bookmarks }),
  );
  const plantClient = options.plantClient ?? ((client: LeaseClient) => client);
  try {
    const operations = await runWorkload({
      clients: others.map((connection) => plantClient(new HttpLeaseClient(connection, namespace))),
      keys: Array.from({ length: keyCount }, (_, index) => `key-${index}`),
      ...{ operationCount, seed },
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    await options.settled?.();
    const last = await writeMark(new HttpLeaseClient(own, namespace));
    await log.reached(last);
    await waitUntil('the watchers to see the end', () => watches.every((watch) => watch.revision() >= last));
    const whole = log.entries.filter((entry) => entry.revision < last);
    const seen = watches.map(({ events }) => events.filter(({ object }) => object.revision < last));
    return {
      operations,
      log: whole,
      watched: seen,
      anomalies: [
        ...checkHistory({ operations, log: whole }),
        ...seen.flatMap((events, index) => checkWatch(`watcher ${index}`, events, whole)),
      ],
      watchStreams: watches.reduce((sum, watch) => sum + watch.streamCount(), 0),
    };
  } finally {
    log.close();
    for (const watch of watches) watch.close();
    for (const connection of connections) connection.close();
  }
}
