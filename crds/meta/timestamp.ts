import { z } from 'zod';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** What a text that is no timestamp must be. */
export const TIMESTAMP_REMEDY = 'must be a time in RFC 3339 such as "2026-01-02T03:04:05Z"';

/** Whether the text is a time as Kubernetes writes it: RFC 3339 with a zone. */
export function isTimestamp(text: string): boolean {
  return RFC_3339.test(text) && !Number.isNaN(Date.parse(text));
}

/** A time as Kubernetes writes it; published as format `date-time`. */
export const timestamp = z.string().refine(isTimestamp, TIMESTAMP_REMEDY).meta({ format: 'date-time' });
