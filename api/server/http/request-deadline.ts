import { badRequest } from './errors.ts';
import { StatusError } from './status-error.ts';

/** As kube-apiserver's --request-timeout: no answer but a watch takes longer. */
export const REQUEST_MS_MAX = 60_000;

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/;

/** A Go duration, e.g. `1m30s`, in milliseconds; undefined for what is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let sumMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g))
    sumMs += Number(count) * (UNITS_MS[unit ?? ''] ?? 0);
  return sumMs;
}

/** How long a request may take: its `timeout`, REQUEST_MS_MAX at most. @throws StatusError 400 */
export function deadlineMs(query: URLSearchParams): number {
  const text = query.get('timeout');
  if (text === null || text === '') return REQUEST_MS_MAX;
  const asked = parseDurationMs(text);
  if (asked === undefined)
    throw badRequest(`invalid timeout specified in the request URL: ${JSON.stringify(text)}`);
  return asked === 0 ? REQUEST_MS_MAX : Math.min(asked, REQUEST_MS_MAX);
}

/**
 * What `work` resolves to, unless it takes too long: then the request is answered, though what it does may go on,
 * and a write may yet be done.
 * @throws StatusError 504, and what `work` throws
 */
export async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = 'Timeout: request did not complete within the allotted timeout';
      reject(new StatusError({ code: 504, reason: 'Timeout', message, details: {} }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
