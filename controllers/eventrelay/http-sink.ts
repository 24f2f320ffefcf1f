import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { StreamRecord } from './records.ts';
import type { RevisionGroup } from './revision-assembler.ts';
import { type RelaySink, SinkBusy, SinkRefusal } from './sink.ts';

export interface HttpSinkOptions {
  readonly url: string;
  /** A bearer token, read before each request, so that it may be replaced. */
  readonly tokenFile?: string | undefined;
  /** PEM of the authorities that the endpoint's certificate may be of; default: the system's. */
  readonly caFile?: string | undefined;
  /** For a whole request. */
  readonly timeoutMs: number;
}

type Groups = readonly RevisionGroup<StreamRecord>[];

/** Besides every 5xx: time-out, a first request with this key still at work, too early, too many. */
const RETRYABLE_CODES: readonly number[] = [408, 409, 425, 429];
const TOO_LARGE = 413;
const RETRY_AFTER_MAX_MS = 300_000;

/**
 * Batches as CloudEvents (HTTP binding, batched content mode), posted one after the other. `Idempotency-Key` names
 * the revisions in the batch: one that comes again with the same key has the same Events.
 */
export function createHttpSink(options: HttpSinkOptions): RelaySink {
  let agent: Agent | undefined;
  const append = async (groups: Groups, signal: AbortSignal): Promise<void> => {
    agent ??= await openAgent(options);
    const code = await post(options, agent, groups, signal);
    if (code !== TOO_LARGE) return;
    const middle = Math.ceil(groups.length / 2);
    if (groups.length <= 1) throw refusalOf(options.url, TOO_LARGE, keyOf(groups));
    await append(groups.slice(0, middle), signal);
    await append(groups.slice(middle), signal);
  };
  return { append, close: async () => agent?.destroy() };
}

async function openAgent({ caFile }: HttpSinkOptions): Promise<Agent> {
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
  return new Agent({ connections: 1, connect: { timeout: 10_000, ...ca } });
}

/** @returns the status: 2xx or 413 @throws SinkRefusal, SinkBusy, Error */
async function post(
  { url, tokenFile, timeoutMs }: HttpSinkOptions,
  agent: Agent,
  groups: Groups,
  signal: AbortSignal,
): Promise<number> {
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim();
  const answer = await request(url, {
    dispatcher: agent,
    method: 'POST',
    headers: {
      'content-type': 'application/cloudevents-batch+json; charset=utf-8',
      'idempotency-key': keyOf(groups),
      'user-agent': 'holt-manager',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(groups.flatMap(({ items }) => items)),
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = (await answer.body.text()).slice(0, 500);
  const { statusCode } = answer;
  if ((statusCode >= 200 && statusCode < 300) || statusCode === TOO_LARGE) return statusCode;
  if (statusCode < 500 && !RETRYABLE_CODES.includes(statusCode)) throw refusalOf(url, statusCode, text);
  const message = `${url} answered ${statusCode}: ${text}`;
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after']);
  throw retryAfterMs === undefined ? new Error(message) : new SinkBusy(message, retryAfterMs);
}

/**
 * First and last revision. What a list told is less than what a watch may have told of the same revisions before,
 * so that it is marked.
 */
function keyOf(groups: Groups): string {
  const revisions = `${groups[0]?.revision ?? 0}..${groups.at(-1)?.revision ?? 0}`;
  const isListed = groups.some(({ items }) =>
    items.some(({ type, caughtup }) => caughtup === true || type.startsWith('dev.holt.stream.')),
  );
  return isListed ? `${revisions}+list` : revisions;
}

function refusalOf(url: string, statusCode: number, detail: string): SinkRefusal {
  return new SinkRefusal(
    `${url} refuses with ${statusCode}, which trying again does not change: mend the endpoint, or eventRelay.endpoint in the configuration (${detail})`,
  );
}

/** RFC 9110: seconds or a date. */
function parseRetryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}
