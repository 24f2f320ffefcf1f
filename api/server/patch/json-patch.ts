import { applyPatch, type Operation } from 'rfc6902';
import { z } from 'zod';
import { badRequest, invalid } from '../http/errors.ts';
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
  for (const operation of parsed.data) {
    const [error] = applyPatch(object, [operation as Operation]);
    if (error === null || error === undefined) continue;
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
