/** A JSON object whose fields are not yet known. */
export type JsonRecord = { [field: string]: unknown };

/** Whether `value` is a JSON object: neither null, array nor scalar. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
