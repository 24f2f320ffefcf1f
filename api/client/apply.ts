import { isDeepStrictEqual } from 'node:util';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import type { ApiClient } from './api-client.ts';
import { isNotFound } from './api-error.ts';

/** Where `kubectl apply` keeps what it last applied; shared with it, so that both may be used in turn. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

export type ApplyOutcome = 'created' | 'configured' | 'unchanged';

export interface ApplyResult {
  readonly outcome: ApplyOutcome;
  readonly object: Stored<ApiObject>;
}

export interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The RFC 7396 merge patch of a three-way merge: what the declaration sets and the live object lacks, and `null`
 * for what the last declaration set and this one no longer does. Fields that others set are left alone. Lists
 * are replaced whole. Source: kubectl's jsonmergepatch.CreateThreeWayJSONMergePatch.
 */
export function planMergePatch(lastApplied: Fields, declared: Fields, live: Fields): Fields {
  const patch: Fields = {};
  for (const [field, value] of Object.entries(declared)) {
    const current = live[field];
    if (isFields(value)) {
      const before = lastApplied[field];
      const nested = planMergePatch(isFields(before) ? before : {}, value, isFields(current) ? current : {});
      if (Object.keys(nested).length > 0 || !isFields(current)) patch[field] = nested;
    } else if (!isDeepStrictEqual(value, current)) {
      patch[field] = value;
    }
  }
  for (const field of Object.keys(lastApplied)) {
    if (!(field in declared) && field in live) patch[field] = null;
  }
  return patch;
}

function withLastApplied(declared: ApiObject): ApiObject {
  const { [LAST_APPLIED_ANNOTATION]: _, ...annotations } = declared.metadata.annotations ?? {};
  const bare = { ...declared, metadata: { ...declared.metadata, annotations } };
  return {
    ...bare,
    metadata: {
      ...bare.metadata,
      annotations: { ...annotations, [LAST_APPLIED_ANNOTATION]: `${JSON.stringify(bare)}\n` },
    },
  };
}

function lastAppliedOf(live: ApiObject): Fields {
  try {
    const parsed: unknown = JSON.parse(live.metadata.annotations?.[LAST_APPLIED_ANNOTATION] ?? '{}');
    return isFields(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/**
 * Client-side apply, as `kubectl apply` does it: creates the object, or changes only what the declaration changes.
 * @throws ApiError when the server refuses it
 */
export async function applyObject(
  client: ApiClient,
  definition: ResourceDefinition,
  declared: ApiObject,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  const write = {
    fieldValidation: 'Strict' as const,
    fieldManager: 'holt-client-side-apply',
    dryRun: options.dryRun,
    signal: options.signal,
  };
  const name = { namespace: declared.metadata.namespace, name: declared.metadata.name ?? '' };
  const wanted = withLastApplied(declared);
  let live: Stored<ApiObject>;
  try {
    live = await client.get<ApiObject>(definition, name, { signal: options.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { outcome: 'created', object: await client.create(definition, wanted, write) };
  }
  const patch = planMergePatch(lastAppliedOf(live), { ...wanted }, { ...live });
  delete patch.apiVersion;
  delete patch.kind;
  if (Object.keys(patch).length === 0) return { outcome: 'unchanged', object: live };
  const object = await client.patch<ApiObject>(definition, name, patch, write);
  const outcome =
    object.metadata.resourceVersion === live.metadata.resourceVersion ? 'unchanged' : 'configured';
  return { outcome, object };
}
