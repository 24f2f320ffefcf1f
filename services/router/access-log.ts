import { z } from 'zod';

const text = z.string().transform((value) => (value === '-' ? '' : value));
const milliseconds = z.number();

const lineSchema = z.object({
  user: text,
  vm_id: text,
  container_name: text,
  route: text,
  boot_id: text,
  reason: text,
  guest_reason: text,
  traceparent: text,
  method: text,
  path: text,
  ended: z.string(),
  status: z.number(),
  accept_ms: milliseconds,
  handshake_ms: milliseconds,
  idle_ms: milliseconds,
  request_ms: milliseconds,
  queue_ms: milliseconds,
  connect_ms: milliseconds,
  response_ms: milliseconds,
  total_ms: milliseconds,
  bytes_sent: z.number(),
  bytes_received: z.number(),
});

/** One request, as HAProxy saw it. Empty texts are not known; times in milliseconds, -1 for steps not reached. */
export interface AccessLogEntry extends z.infer<typeof lineSchema> {
  /** Wall time of the request's first byte, in milliseconds since the epoch. */
  readonly started_ms: number;
}

/** Termination states in which HAProxy answered because a connection to the VM failed or took too long. */
const UPSTREAM_FAILURES: Readonly<Record<string, string>> = {
  SC: 'upstream-unreachable',
  sC: 'upstream-unreachable',
  SH: 'upstream-unreachable',
  sH: 'upstream-timeout',
};

/** Reads one line; undefined when it is none of ours. */
export function parseAccessLog(line: string): AccessLogEntry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const entry = parsed.data;
  const upstreamFailure = UPSTREAM_FAILURES[entry.ended.slice(0, 2)] ?? '';
  return {
    ...entry,
    reason: entry.reason === '' ? upstreamFailure : entry.reason,
    started_ms: entry.accept_ms + Math.max(entry.handshake_ms, 0) + Math.max(entry.idle_ms, 0),
  };
}

/** Whether a sandbox answered, and well. */
export function isSuccess(entry: AccessLogEntry): boolean {
  return entry.reason === '' && entry.vm_id !== '' && entry.status >= 100 && entry.status < 400;
}
