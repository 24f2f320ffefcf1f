import type { ApiConnections } from './api-connections.ts';
import { BareEtcd } from './bare-etcd.ts';
import { type Measurement, type Measurements, type MeasureOptions, measure } from './measurement.ts';
import { OBJECTS, objectBytes, objectJson, objectName } from './objects.ts';
import { clear } from './population.ts';
import type { Pace, World } from './world.ts';

const CONNECTIONS = [1, 16, 64];

/** Names of one round begin here. */
const BASE = 1_000_000;

const pathOf = (index: number) => `${OBJECTS}/${objectName(index)}`;
const label = (what: string, connections: number) => `${what}, ${connections} connection(s)`;

type Operation = (index: number) => Promise<unknown>;

/** How the operations on objects that are there are done, by name. */
function operationsOn(api: ApiConnections): Readonly<Record<string, Operation>> {
  const patch = (index: number) => JSON.stringify({ spec: { holder: `patched-${index}` } });
  return {
    patch: (index) => api.send('PATCH', pathOf(index), patch(index), 'application/merge-patch+json'),
    apply: (index) => {
      const path = `${pathOf(index)}?fieldManager=bench&force=true`;
      return api.send('PATCH', path, objectJson(index, 2), 'application/apply-patch+yaml');
    },
    get: (index) => api.send('GET', pathOf(index)),
  };
}

async function measureRound(
  world: World,
  connections: number,
  pace: Pace,
): Promise<Map<string, Measurement>> {
  const found = new Map<string, Measurement>();
  const api = world.connect(connections);
  const options: MeasureOptions = { callers: connections, durationMs: pace.durationMs, pid: world.pid };
  try {
    const created = await measure({ ...options, from: BASE }, (index) =>
      api.send('POST', OBJECTS, objectJson(index)),
    );
    found.set(label('create', connections), created);
    const count = created.next - BASE;
    for (const [what, operation] of Object.entries(operationsOn(api)))
      found.set(
        label(what, connections),
        await measure(options, (index) => operation(BASE + (index % count))),
      );
    await clear(world, BASE, created.next);
  } finally {
    await api.close();
  }
  return found;
}

async function measureBareEtcd(world: World, connections: number, pace: Pace): Promise<Measurements> {
  const etcd = new BareEtcd(world.etcd, connections);
  const value = objectBytes();
  const options = { callers: connections, durationMs: pace.durationMs, pid: world.etcd.pid };
  try {
    const put = await measure(options, (index) => etcd.put(index, value));
    const get = await measure(options, (index) => etcd.get(index % put.next));
    const found: [string, Measurement][] = [
      ['create', put],
      ['patch', put],
      ['apply', put],
      ['get', get],
    ];
    return new Map(found.map(([what, one]) => [label(what, connections), one]));
  } finally {
    etcd.close();
  }
}

/** Measurements of each server and of bare etcd. */
export interface Throughput {
  readonly servers: readonly Measurements[];
  readonly etcd: Measurements;
}

/**
 * Creates, merge patches, server-side applies and gets a second: of bare etcd and of each server in turn, by
 * as many connections. Each of the writes is compared with a put of as many bytes.
 */
export async function measureThroughput(
  worlds: readonly World[],
  pace: Pace,
  say: (line: string) => void,
): Promise<Throughput> {
  const servers = worlds.map(() => new Map<string, Measurement>());
  const etcd = new Map<string, Measurement>();
  for (const connections of CONNECTIONS) {
    const [first] = worlds;
    if (first !== undefined) {
      say(`   ${connections} connection(s): bare etcd`);
      for (const [what, one] of await measureBareEtcd(first, connections, pace)) etcd.set(what, one);
    }
    for (const [index, world] of worlds.entries()) {
      say(`   ${connections} connection(s): ${world.name}`);
      for (const [what, one] of await measureRound(world, connections, pace)) servers[index]?.set(what, one);
    }
  }
  return { servers, etcd };
}
