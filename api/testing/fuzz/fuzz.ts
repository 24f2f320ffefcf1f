import fc from 'fast-check';
import type { ApiAddress } from '../json-connection.ts';
import { encodeRequest, RawConnection, type RawRequest } from './raw-connection.ts';
import { FUZZ_NAMESPACE, LEASE, LEASE_PATH } from './seeds.ts';
import { TARGETS } from './targets.ts';
import { problemOf } from './verdict.ts';

const JSON_HEADERS: RawRequest['headers'] = [['Content-Type', 'application/json']];

async function create(connection: RawConnection, path: string, object: object): Promise<void> {
  const body = Buffer.from(JSON.stringify(object));
  const answer = await connection.exchange({ method: 'POST', path, headers: JSON_HEADERS, body });
  if (answer?.code !== 201 && answer?.code !== 409)
    throw new Error(`POST ${path}: ${answer?.code} ${answer?.body.toString()}`);
}

/** Makes what the fuzzer works on. */
async function prepare(connection: RawConnection): Promise<void> {
  await create(connection, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: FUZZ_NAMESPACE },
  });
  await create(connection, LEASE_PATH, LEASE);
}

/** The request as one can send it again: `base64 -d | openssl s_client ...`. */
function shown(request: RawRequest): string {
  const bytes = encodeRequest(request);
  return `${bytes.subarray(0, 600).toString('latin1')}\nbase64: ${bytes.subarray(0, 20_000).toString('base64')}`;
}

export interface FuzzResult {
  /** What went wrong, with the request and the seed; undefined: nothing. */
  readonly problem: string | undefined;
  /** How many answers of each status code there were. */
  readonly codes: Readonly<Record<string, number>>;
}

/**
 * Sends mutated requests of one target, one after the other.
 * @throws Error for an unknown target
 */
export async function fuzz(
  address: ApiAddress,
  target: string,
  options: { readonly runs: number; readonly seed: number },
): Promise<FuzzResult> {
  const requests = TARGETS[target];
  if (requests === undefined)
    throw new Error(`unknown target ${target}: one of ${Object.keys(TARGETS).join(', ')}`);
  const connection = new RawConnection(address);
  const codes: Record<string, number> = {};
  try {
    await prepare(connection);
    const property = fc.asyncProperty(requests, async (request) => {
      const problem = await connection.exchange(request).then(
        (answer) => {
          codes[answer?.code ?? 0] = (codes[answer?.code ?? 0] ?? 0) + 1;
          return problemOf(request, answer);
        },
        (error: unknown) => String(error),
      );
      if (problem !== undefined) throw new Error(`${problem}\n${shown(request)}`);
    });
    const result = await fc.check(property, {
      numRuns: options.runs,
      seed: options.seed,
      endOnFailure: true,
    });
    const alive = await connection.exchange({
      method: 'GET',
      path: '/readyz',
      headers: [],
      body: Buffer.alloc(0),
    });
    const where = `target ${target}, seed ${options.seed}`;
    const error = result.errorInstance;
    const message = error instanceof Error ? error.message : String(error);
    if (result.failed) return { problem: `${where}, run ${result.numRuns}: ${message}`, codes };
    const isAlive = alive?.code === 200;
    return { problem: isAlive ? undefined : `${where}: no longer ready: ${alive?.code}`, codes };
  } finally {
    connection.close();
  }
}
