import { applyPatch, type Operation, Pointer } from 'rfc6902';
import { z } from 'zod';
import { badRequest, invalid } from '../http/errors.ts';
import { BODY_BYTES_MAX } from '../http/read-body.ts';
import type { Resource } from '../http/resource.ts';

const path = z.string().regex(/^(\/.*)?$/s);
const operationSchema = z.discriminatedUnion('op', [
  z.looseObject({ op: z.literal('add'), path, value: z.unknown() }),
  z.looseObject({ op: z.literal('replace'), path, value: z.unknown() }),
  z.looseObject({ op: z.literal('test'), path, value: z.unknown() }),
  z.looseObject({ op: z.literal('remove'), path }),
  z.looseObject({ op: z.literal('move'), path, from: path }),
  z.looseObject({ op: z.literal('copy'), path, from: path }),
]);
const patchSchema = z.array(operationSchema).max(10_000);

/** In the words of evanphx/json-patch, which kube-apiserver uses. */
class CopyTooLarge extends Error {
  constructor(sizeBytes: number) {
    super(
      `Unable to complete the copy, the accumulated size increase of copy is ${sizeBytes}, exceeding the limit ${BODY_BYTES_MAX}`,
    );
  }
}

/** The error that stops a patch; rfc6902 returns most, and throws where a parent is no object. */
function applyOne(object: object, operation: { readonly op: string }): Error | undefined {
  try {
    return applyPatch(object, [operation as Operation])[0] ?? undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Bytes that a copy adds. */
function copiedSize(object: object, from: string): number {
  const value: unknown = Pointer.fromJSON(from).evaluate(object).value;
  return JSON.stringify(value)?.length ?? 0;
}

/**
 * RFC 6902 on an object that is the caller's own; it is changed in place.
 * @throws StatusError 400 for a patch that is none, 422 for one that does not fit the object
 */
export function applyJsonPatch(resource: Resource, name: string, object: object, patch: unknown): void {
  const parsed = patchSchema.safeParse(patch);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(`not a JSON patch: ${issue?.path.join('/')}: ${issue?.message}`);
  }
  let copiedBytes = 0;
  for (const operation of parsed.data) {
    // A few dozen copies that double the object each time would fill the memory.
    if (operation.op === 'copy') copiedBytes += copiedSize(object, operation.from);
    const error = copiedBytes > BODY_BYTES_MAX ? new CopyTooLarge(copiedBytes) : applyOne(object, operation);
    if (error === undefined) continue;
    throw invalid(resource.definition, name, [
      {
        field: 'patch',
        type: 'FieldValueInvalid',
        value: operation,
        detail: `${operation.op} ${operation.path}: ${error.message || error.name}`,
      },
    ]);
  }
}
