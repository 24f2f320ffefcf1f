import type {
  CrdCondition,
  CustomResourceDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { guaranteedUpdate } from '../../storage/guaranteed-update.ts';
import { listPrefix } from '../../storage/keys.ts';
import { listPage } from '../../storage/list-page.ts';
import { encodeObject } from '../../storage/stored-object.ts';
import { SERVER_USER } from '../auth/user.ts';
import type { ServerContext } from '../http/context.ts';
import type { Resource } from '../http/resource.ts';
import { StatusError } from '../http/status-error.ts';
import { deleteObject } from '../write/delete.ts';
import { timestamp } from '../write/write-request.ts';
import { CLEANUP_FINALIZER, crdKey, withCondition } from './crd-object.ts';
import { withServerStatus } from './status-fields.ts';

/** Objects that still stand after their deletion was asked for are looked at again after this time. */
const RECHECK_MS = 1_000;

/** Changes a definition that is being deleted. @throws StorageError */
async function change(
  { kv, cache }: ServerContext,
  name: string,
  make: (crd: CustomResourceDefinition) => CustomResourceDefinition,
): Promise<void> {
  const key = crdKey(name);
  await guaranteedUpdate({
    kv,
    key,
    cached: cache.get(key),
    plan: (current) => {
      if (current === undefined) return { action: 'none' };
      const crd = current.object as CustomResourceDefinition;
      if (crd.metadata.deletionTimestamp === undefined) return { action: 'none' };
      const next = make(crd);
      if (next === crd) return { action: 'none' };
      if ((next.metadata.finalizers ?? []).length === 0) return { action: 'delete' };
      return { action: 'put', value: encodeObject(next as ApiObject) };
    },
  });
}

function terminating(
  context: ServerContext,
  crd: CustomResourceDefinition,
  condition: Pick<CrdCondition, 'status' | 'reason' | 'message'>,
): CustomResourceDefinition {
  const { conditions } = crd.status ?? {};
  const now = timestamp(context.clock.nowMs());
  const wanted = { type: 'Terminating', ...condition };
  const old = conditions?.find(({ type }) => type === 'Terminating');
  if (old?.reason === condition.reason && old?.message === condition.message) return crd;
  const status = { ...crd.status, conditions: withCondition(conditions ?? [], wanted, now) };
  return withServerStatus(context, crd, status) as CustomResourceDefinition;
}

/** Asks for the deletion of every object of the kind; the number of those that finalizers still hold. */
async function deleteInstances(context: ServerContext, resource: Resource): Promise<number> {
  const prefix = listPrefix(resource.definition, undefined);
  const { items } = await listPage({ kv: context.kv, prefix });
  for (const { object } of items) {
    const { name = '', namespace, deletionTimestamp } = object.metadata;
    if (deletionTimestamp !== undefined) continue;
    const request = {
      ...{ context, user: SERVER_USER, resource, namespace, name, subresource: '', traceparent: undefined },
      ...{ dryRun: false, fieldValidation: 'Ignore' as const },
    };
    try {
      await deleteObject(request, {
        uid: undefined,
        resourceVersion: undefined,
        dryRun: false,
        propagationPolicy: undefined,
        orphanDependents: undefined,
      });
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error;
    }
  }
  return (await listPage({ kv: context.kv, prefix })).items.length;
}

/**
 * Empties a kind whose definition is being deleted, then lets the definition go.
 * Source: k8s.io/apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go
 * @returns milliseconds after which to look again; undefined: done
 * @throws StorageError, StatusError
 */
export async function finalize(
  context: ServerContext,
  crd: CustomResourceDefinition,
): Promise<number | undefined> {
  const { name = '', finalizers = [], deletionTimestamp } = crd.metadata;
  if (deletionTimestamp === undefined || !finalizers.includes(CLEANUP_FINALIZER)) return undefined;
  const served = crd.spec.versions.find((version) => version.served);
  const resource = context.catalog.find(crd.spec.group, served?.name ?? '', crd.spec.names.plural ?? '');
  if (resource !== undefined && resource.crdName === name) {
    await change(context, name, (current) =>
      terminating(context, current, {
        status: 'True',
        reason: 'InstanceDeletionInProgress',
        message: 'CustomResource deletion is in progress',
      }),
    );
    const remaining = await deleteInstances(context, resource);
    if (remaining > 0) return RECHECK_MS;
  }
  await change(context, name, (current) => {
    const { finalizers: held = [] } = current.metadata;
    const done = terminating(context, current, {
      status: 'False',
      reason: 'InstanceDeletionCompleted',
      message: 'removed all instances',
    });
    return {
      ...done,
      metadata: { ...done.metadata, finalizers: held.filter((one) => one !== CLEANUP_FINALIZER) },
    };
  });
  return undefined;
}
