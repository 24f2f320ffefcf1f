import type { LogOptions } from '../../lib/podman/index.ts';
import { Refusal } from './refusal.ts';

/** What is asked of a log: podman's part of it, and how many bytes at most. */
export interface LogRequest {
  readonly options: LogOptions;
  readonly bytesMax: number;
}

const TRUE: ReadonlySet<string> = new Set(['true', '1', 't', 'T', 'TRUE', 'True']);
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function invalid(field: string, value: string, what: string): Refusal {
  const message = `PodLogOptions "" is invalid: ${field}: Invalid value: ${JSON.stringify(value)}: ${what}`;
  return new Refusal(422, 'Invalid', message);
}

function whole(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw invalid(name, text, 'must be a whole number');
  if (value < min)
    throw invalid(name, text, min === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0');
  return value;
}

function since(query: URLSearchParams, nowMs: number): string | undefined {
  const seconds = whole(query, 'sinceSeconds', 1);
  const time = query.get('sinceTime') || undefined;
  if (seconds !== undefined && time !== undefined)
    throw new Refusal(
      422,
      'Invalid',
      'PodLogOptions "" is invalid: at most one of `sinceTime` or `sinceSeconds` may be specified',
    );
  if (time !== undefined && !RFC3339.test(time)) throw invalid('sinceTime', time, 'must be an RFC 3339 time');
  return seconds === undefined ? time : new Date(nowMs - seconds * 1_000).toISOString();
}

/** What the times of the container's runs are for `previous`. */
export interface LogSubject {
  readonly name: string;
  readonly restartCount: number;
  readonly startedAt: string | undefined;
}

/**
 * Reads the query of a log as pods/log has it.
 * @throws Refusal 422 for what cannot be meant, 400 for the log of an earlier run that there was none of
 */
export function parseLogRequest(query: URLSearchParams, subject: LogSubject, nowMs: number): LogRequest {
  const flag = (name: string) => TRUE.has(query.get(name) ?? '');
  const tail = whole(query, 'tailLines', 0);
  const from = since(query, nowMs);
  const isPrevious = flag('previous');
  const { name, restartCount, startedAt } = subject;
  if (isPrevious && (restartCount === 0 || startedAt === undefined)) {
    const message = `previous terminated container ${JSON.stringify(name)} in pod ${JSON.stringify(name)} not found`;
    throw new Refusal(400, 'BadRequest', message);
  }
  return {
    bytesMax: whole(query, 'limitBytes', 1) ?? Number.POSITIVE_INFINITY,
    options: {
      follow: flag('follow') && !isPrevious,
      timestamps: flag('timestamps'),
      ...(tail === undefined ? {} : { tail }),
      ...(from === undefined ? {} : { since: from }),
      ...(isPrevious && startedAt !== undefined ? { until: startedAt } : {}),
    },
  };
}
