import { Etcd3 } from 'etcd3';
import { operationsPerSecond } from '../throughput.ts';
import { LEASES, leaseBytes, leaseJson, leaseName } from './leases.ts';
import type { World } from './world.ts';

const CONNECTIONS = [1, 16, 64];
const OPERATIONS = 4_000;

/** Creates, updates and gets a second against bare etcd puts and gets of as many bytes on as many connections. */
export async function benchWritesAndReads(world: World, say: (line: string) => void): Promise<void> {
  const [endpoint = ''] = world.etcd.connection.endpoints;
  for (const [round, connections] of CONNECTIONS.entries()) {
    const api = world.connect(connections);
    const etcds = Array.from({ length: connections }, () => new Etcd3({ hosts: endpoint }));
    const etcdOf = (index: number) => etcds[index % connections] ?? raise();
    const base = (round + 1) * 1_000_000;
    const count = connections === 1 ? OPERATIONS / 4 : OPERATIONS;
    const value = leaseBytes();
    const measure = (operation: (index: number) => Promise<unknown>) =>
      operationsPerSecond(count, connections, (index) => operation(base + index));
    try {
      // Both sides' code is compiled by the first run.
      await measure(async (index) => {
        await etcdOf(index).put(`/warm/${index}`).value(value);
      });
      const put = await measure(async (index) => {
        await etcdOf(index).put(`/bench/${index}`).value(value);
      });
      const create = await measure((index) => api.send('POST', LEASES, leaseJson(index)));
      const update = await measure((index) =>
        api.send('PUT', `${LEASES}/${leaseName(index)}`, leaseJson(index, 1)),
      );
      const rawGet = await measure((index) => etcdOf(index).get(`/bench/${index}`).buffer());
      const get = await measure((index) => api.send('GET', `${LEASES}/${leaseName(index)}`));
      const what = `${connections} connection(s)`;
      say(ratio(`create, ${what}`, create, 'etcd put', put));
      say(ratio(`update, ${what}`, update, 'etcd put', put));
      say(ratio(`get, ${what}`, get, 'etcd get', rawGet));
      await measure((index) => api.send('DELETE', `${LEASES}/${leaseName(index)}`));
    } finally {
      for (const etcd of etcds) etcd.close();
      await api.close();
    }
  }
}

function raise(): never {
  throw new RangeError('no such connection');
}

function ratio(what: string, own: number, peerName: string, peer: number): string {
  return `${what}: ${own.toFixed(0)}/s, ${peerName} ${peer.toFixed(0)}/s: ratio ${(own / peer).toFixed(2)}`;
}
