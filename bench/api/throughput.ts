import { Etcd3 } from 'etcd3';
import { operationsPerSecond } from '../throughput.ts';
import type { Figures } from './figures.ts';
import { OBJECTS, objectBytes, objectJson, objectName } from './objects.ts';
import type { World } from './world.ts';

const CONNECTIONS = [1, 16, 64];
const OPERATIONS = 4_000;
const LISTS: readonly (readonly [objects: number, rounds: number])[] = [
  [100, 100],
  [10_000, 10],
];

interface Round {
  readonly connections: number;
  /** Names begin here: a round of its own. */
  readonly base: number;
  readonly measure: (operation: (index: number) => Promise<unknown>) => Promise<number>;
}

function rounds(): readonly Round[] {
  return CONNECTIONS.map((connections, index) => {
    const base = (index + 1) * 1_000_000;
    const count = connections === 1 ? OPERATIONS / 4 : OPERATIONS;
    return {
      connections,
      base,
      measure: (operation) => operationsPerSecond(count, connections, (each) => operation(base + each)),
    };
  });
}

/** Creates, merge patches, server-side applies, gets and lists a second. */
export async function measureApi(world: World): Promise<Figures> {
  const figures = new Map<string, number>();
  for (const { connections, measure } of rounds()) {
    const api = world.connect(connections);
    const of = (what: string) => `${what}, ${connections} connection(s)`;
    const pathOf = (index: number) => `${OBJECTS}/${objectName(index)}`;
    const patch = JSON.stringify({ spec: { holder: 'another' } });
    try {
      figures.set(of('create'), await measure((index) => api.send('POST', OBJECTS, objectJson(index))));
      figures.set(
        of('patch'),
        await measure((index) => api.send('PATCH', pathOf(index), patch, 'application/merge-patch+json')),
      );
      figures.set(
        of('apply'),
        await measure((index) =>
          api.send(
            'PATCH',
            `${pathOf(index)}?fieldManager=bench&force=true`,
            objectJson(index, 2),
            'application/apply-patch+yaml',
          ),
        ),
      );
      figures.set(of('get'), await measure((index) => api.send('GET', pathOf(index))));
      await measure((index) => api.send('DELETE', pathOf(index)));
    } finally {
      await api.close();
    }
  }
  return new Map([...figures, ...(await measureLists(world))]);
}

async function measureLists(world: World): Promise<Figures> {
  const figures = new Map<string, number>();
  const api = world.connect(16);
  const one = world.connect(1);
  let stored = 0;
  try {
    for (const [objects, count] of LISTS) {
      await operationsPerSecond(objects - stored, 16, (index) =>
        api.send('POST', OBJECTS, objectJson(stored + index)),
      );
      stored = objects;
      const list = (query: string) => operationsPerSecond(count, 1, () => one.send('GET', OBJECTS + query));
      figures.set(`list of ${objects}, newest state`, await list(''));
      figures.set(`list of ${objects}, resourceVersion=0`, await list('?resourceVersion=0'));
    }
    await operationsPerSecond(stored, 16, (index) => api.send('DELETE', `${OBJECTS}/${objectName(index)}`));
  } finally {
    await api.close();
    await one.close();
  }
  return figures;
}

/** The same bytes put into and got from bare etcd on as many connections; a patch and an apply are compared with a put. */
export async function measureEtcd(world: World): Promise<Figures> {
  const [endpoint = ''] = world.etcd.connection.endpoints;
  const figures = new Map<string, number>();
  const value = objectBytes();
  for (const { connections, measure } of rounds()) {
    const etcds = Array.from({ length: connections }, () => new Etcd3({ hosts: endpoint }));
    const etcdOf = (index: number) => etcds[index % connections] ?? raise();
    const of = (what: string) => `${what}, ${connections} connection(s)`;
    const put = async (index: number) => {
      await etcdOf(index).put(`/bench/${index}`).value(value);
    };
    try {
      figures.set(of('create'), await measure(put));
      figures.set(of('patch'), await measure(put));
      figures.set(of('apply'), await measure(put));
      figures.set(of('get'), await measure((index) => etcdOf(index).get(`/bench/${index}`).buffer()));
    } finally {
      for (const etcd of etcds) etcd.close();
    }
  }
  return figures;
}

function raise(): never {
  throw new RangeError('no such connection');
}
