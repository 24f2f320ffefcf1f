import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { compare } from './compare.ts';
import { difference, type FieldSet, isEmptySet } from './field-set.ts';
import { ConflictError } from './managers.ts';
import { fieldSetOf } from './to-field-set.ts';

/** Where client-side apply keeps what it applied. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** The only manager that takes over from client-side apply by itself. */
export const KUBECTL_MANAGER = 'kubectl';

function annotationsOf(object: JsonRecord): JsonRecord | undefined {
  const { metadata } = object;
  return isRecord(metadata) && isRecord(metadata.annotations) ? metadata.annotations : undefined;
}

function lastAppliedOf(object: JsonRecord): string {
  const text = annotationsOf(object)?.[LAST_APPLIED_ANNOTATION];
  return typeof text === 'string' ? text : '';
}

/** What client-side apply set and what still is as it set it: that is no conflict for `kubectl apply --server-side`. */
function allowedFields(live: JsonRecord, type: StructuralSchema): FieldSet | undefined {
  let applied: unknown;
  try {
    applied = JSON.parse(lastAppliedOf(live));
  } catch {
    return undefined;
  }
  if (!isRecord(applied) || applied.apiVersion !== live.apiVersion) return undefined;
  const { added, modified, removed } = compare(applied, live, type);
  return [modified, added, removed].reduce(difference, fieldSetOf(applied, type));
}

/**
 * Applies; where kubectl meets only conflicts with what its own client-side apply set, it takes those fields over.
 * @param apply runs without force, and then perhaps with it
 * @throws ConflictError with the conflicts that remain
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal/lastappliedmanager.go
 */
export function applyOverLastApplied<T>(
  manager: string,
  live: JsonRecord,
  type: StructuralSchema,
  apply: (force: boolean) => T,
): T {
  try {
    return apply(false);
  } catch (error) {
    if (!(error instanceof ConflictError) || manager !== KUBECTL_MANAGER) throw error;
    const allowed = allowedFields(live, type);
    if (allowed === undefined) throw error;
    const rest = [...error.conflicts]
      .map(([id, set]) => [id, difference(set, allowed)] as const)
      .filter(([, set]) => !isEmptySet(set));
    if (rest.length > 0) throw new ConflictError(new Map(rest));
    return apply(true);
  }
}

/**
 * The applied object with its annotation of client-side apply, where it has one, brought up to date: `kubectl apply`
 * without --server-side goes on from there.
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal/lastappliedupdater.go
 */
export function withLastApplied(object: JsonRecord, config: JsonRecord, manager: string): JsonRecord {
  if (manager !== KUBECTL_MANAGER || lastAppliedOf(object) === '') return object;
  const { metadata } = config;
  const { [LAST_APPLIED_ANNOTATION]: _, ...annotations } = annotationsOf(config) ?? {};
  const applied = {
    ...config,
    metadata: {
      ...(isRecord(metadata) ? metadata : {}),
      ...(annotationsOf(config) === undefined ? {} : { annotations }),
    },
  };
  return {
    ...object,
    metadata: {
      ...(object.metadata as JsonRecord),
      annotations: { ...annotationsOf(object), [LAST_APPLIED_ANNOTATION]: `${JSON.stringify(applied)}\n` },
    },
  };
}
