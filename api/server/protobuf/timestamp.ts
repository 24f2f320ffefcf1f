import { ProtobufError } from './protobuf-error.ts';

/** google.protobuf.Timestamp. */
export interface Timestamp {
  /** Since the epoch. */
  readonly seconds: number;
  readonly nanos: number;
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/i;

/** The first and the last second that RFC 3339 can write: years 0 to 9999. */
const SECONDS_MIN = -62_167_219_200;
const SECONDS_MAX = 253_402_300_799;

const NANOS_A_MICROSECOND = 1_000;

/**
 * Reads an RFC 3339 time as JSON carries it.
 * @throws ProtobufError when it is none
 */
export function parseTimestamp(text: string): Timestamp {
  const [, wholeSeconds, fraction = '', zone] = RFC_3339.exec(text) ?? [];
  const atMs = Date.parse(`${wholeSeconds}${zone}`);
  if (Number.isNaN(atMs)) throw new ProtobufError(`not an RFC 3339 time: ${JSON.stringify(text)}`);
  return { seconds: Math.floor(atMs / 1_000), nanos: Number(fraction.padEnd(9, '0')) };
}

/** `2026-01-02T03:04:05Z`: metav1.Time, which has whole seconds only. */
export function formatTime({ seconds }: Timestamp): string {
  return `${wholeSecondsText(seconds)}Z`;
}

/** `2026-01-02T03:04:05.678901Z`: metav1.MicroTime. */
export function formatMicroTime({ seconds, nanos }: Timestamp): string {
  if (nanos < 0 || nanos > 999_999_999) throw new ProtobufError(`nanoseconds out of range: ${nanos}`);
  const micros = Math.trunc(nanos / NANOS_A_MICROSECOND);
  return `${wholeSecondsText(seconds)}.${String(micros).padStart(6, '0')}Z`;
}

function wholeSecondsText(seconds: number): string {
  if (!(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX)) {
    throw new ProtobufError(`time out of range: ${seconds} seconds since the epoch`);
  }
  return new Date(seconds * 1_000).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
}

/** Cuts to microseconds, as metav1.MicroTime does before it is sent. */
export function truncateToMicros({ seconds, nanos }: Timestamp): Timestamp {
  return { seconds, nanos: Math.trunc(nanos / NANOS_A_MICROSECOND) * NANOS_A_MICROSECOND };
}
