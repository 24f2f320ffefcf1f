import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdConnection } from '../storage/etcd/connection.ts';
import { Etcd3Kv } from '../storage/etcd/etcd-kv.ts';
import type { EtcdProcess } from './etcd-process.ts';
import { freePorts } from './free-ports.ts';
import { waitUntil } from './wait-until.ts';

/** An etcd of several members on loopback; `kill` and `start` are those of all. */
export interface EtcdCluster extends Omit<EtcdProcess, 'pid'> {
  readonly size: number;
  /** SIGKILLs one member; its data stay. */
  killMember(index: number): Promise<void>;
  startMember(index: number): Promise<void>;
}

interface Member {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
  child: ChildProcess | undefined;
}

function argvOf(member: Member, members: readonly Member[], dir: string): string[] {
  const { name, client, peer } = member;
  return [
    ...['--data-dir', join(dir, name), '--name', name, '--log-level', 'error', '--logger', 'zap'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', members.map((each) => `${each.name}=${each.peer}`).join(',')],
    ...['--heartbeat-interval', '100', '--election-timeout', '1000'],
  ];
}

/** Starts the members and waits until each answers. */
export async function startEtcdCluster(size: number): Promise<EtcdCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'holt-etcd-cluster-'));
  const ports = await freePorts(size * 2);
  const members: readonly Member[] = Array.from({ length: size }, (_, index) => ({
    name: `member-${index}`,
    client: `http://127.0.0.1:${ports[index * 2]}`,
    peer: `http://127.0.0.1:${ports[index * 2 + 1]}`,
    child: undefined,
  }));
  const connection: EtcdConnection = {
    endpoints: members.map(({ client }) => client),
    requestTimeoutMs: 5_000,
  };
  const memberAt = (index: number): Member => {
    const member = members[index];
    if (member === undefined) throw new RangeError(`no member ${index}`);
    return member;
  };
  const killMember = async (index: number) => {
    const member = memberAt(index);
    const { child } = member;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    member.child = undefined;
  };
  const spawnMember = (member: Member) => {
    member.child = spawn('etcd', argvOf(member, members, dir), { stdio: 'ignore' });
  };
  const answers = async (member: Member) => {
    const probe = new Etcd3Kv({ endpoints: [member.client], requestTimeoutMs: 1_000 });
    await waitUntil(`etcd ${member.name}`, () =>
      probe.range({ key: 'probe' }).then(
        () => true,
        () => false,
      ),
    ).finally(() => probe.close());
  };
  const kill = async () => {
    await Promise.all(members.map((_, index) => killMember(index)));
  };
  const start = async () => {
    for (const member of members) spawnMember(member);
    await Promise.all(members.map(answers));
  };
  await start();
  return {
    ...{ size, connection, port: ports[0] ?? 0, kill, start, killMember },
    startMember: async (index) => {
      spawnMember(memberAt(index));
      await answers(memberAt(index));
    },
    dispose: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
