import { type HaproxyAdmin, HaproxyAdminError } from './haproxy-admin.ts';

/** Looks for streams again this often until none to the address is left. */
const ROUNDS_MAX = 5;

/**
 * Ends every stream whose server side is one of the addresses. Stream ids are used again, so each is ended right
 * after it was read.
 * @returns how many streams were ended; one that takes its time to end is seen in several rounds and counts once
 * @throws HaproxyAdminError when streams to the addresses are still there after several rounds
 */
export async function endStreamsTo(admin: HaproxyAdmin, addresses: readonly string[]): Promise<number> {
  const wanted = new Set(addresses);
  const ended = new Set<string>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const streams = findStreams(await admin.run('show sess all'), wanted);
    if (streams.length === 0) return ended.size;
    for (const id of streams) {
      await admin.run(`shutdown session ${id}`);
      ended.add(id);
    }
  }
  throw new HaproxyAdminError(`streams to ${addresses.join(', ')} are still open`);
}

/** Ids of the streams in an answer of `show sess all` whose server side is one of the addresses. */
export function findStreams(answer: string, addresses: ReadonlySet<string>): readonly string[] {
  return answer
    .split(/^(?=0x[0-9a-f]+: )/m)
    .filter((stream) => {
      const address = /^ +server=\S+ \(id=\d+\) addr=([0-9.]+):\d+/m.exec(stream)?.[1];
      return address !== undefined && addresses.has(address);
    })
    .map((stream) => stream.slice(0, stream.indexOf(':')));
}
