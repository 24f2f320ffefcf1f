import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import { isRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { guaranteedUpdate, type WritePlan } from '../../storage/guaranteed-update.ts';
import { objectKey } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import { isCrdKind } from '../customresources/crd-object.ts';
import { markedCrd } from '../customresources/prepare-crd.ts';
import { checkOwnDeletion } from '../customresources/protect-own.ts';
import { conflict, forbidden, notFound } from '../http/errors.ts';
import type { DeleteOptions } from './delete-options.ts';
import { deletionFinalizers } from './deletion-finalizers.ts';
import { planOf } from './update.ts';
import { timestamp, type WriteRequest, type WriteResult } from './write-request.ts';

/** Namespaces that the system itself needs. */
const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

function checkPreconditions(request: WriteRequest, options: DeleteOptions, current: ApiObject): void {
  const { definition } = request.resource;
  for (const [what, asked, found] of [
    ['UID', options.uid, current.metadata.uid],
    ['ResourceVersion', options.resourceVersion, current.metadata.resourceVersion],
  ] as const) {
    if (asked === undefined || asked === '' || asked === found) continue;
    const why = `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${found}`;
    throw conflict(definition, request.name, why);
  }
}

/** The object as the delete leaves it while something holds it: marked, with the finalizers of its propagation. */
function marked(request: WriteRequest, options: DeleteOptions, current: StoredObject): ApiObject {
  const { resourceVersion: _, finalizers = [], ...metadata } = current.object.metadata;
  const { generation, deletionTimestamp } = metadata;
  const held = deletionFinalizers(options, finalizers);
  const isFirst = deletionTimestamp === undefined;
  const next: ApiObject = {
    ...current.object,
    metadata: {
      ...metadata,
      ...(held.length === 0 ? {} : { finalizers: [...held] }),
      ...(isFirst && generation !== undefined ? { generation: generation + 1 } : {}),
      deletionTimestamp: deletionTimestamp ?? timestamp(request.context.clock.nowMs()),
      deletionGracePeriodSeconds: 0,
    },
  };
  if (!isFirst) return next;
  if (isCrdKind(request.resource.definition)) return markedCrd(next as CustomResourceDefinition);
  if (next.kind !== 'Namespace') return next;
  return { ...next, status: { ...(isRecord(next.status) ? next.status : {}), phase: 'Terminating' } };
}

function askPolicies(request: WriteRequest, options: DeleteOptions, oldObject: ApiObject): void {
  const { dryRun, propagationPolicy, orphanDependents, uid, resourceVersion } = options;
  const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
  request.admission?.check(
    { ...request, dryRun },
    {
      operation: 'DELETE',
      object: null,
      oldObject,
      options: {
        ...(propagationPolicy !== undefined && { propagationPolicy }),
        ...(orphanDependents !== undefined && { orphanDependents }),
        ...(Object.keys(preconditions).length > 0 && { preconditions }),
      },
    },
  );
}

/**
 * Deletes an object, or marks it where finalizers hold it (`action` tells: `delete`, or `put`/`none`). A dry run
 * answers as if.
 * @throws StatusError 404, 409 for a precondition, 403 for a namespace that must stay
 */
export async function deleteObject(request: WriteRequest, options: DeleteOptions): Promise<WriteResult> {
  const { context, resource, namespace, name } = request;
  const { definition } = resource;
  if (definition.group === '' && definition.kind === 'Namespace' && IMMORTAL_NAMESPACES.has(name)) {
    throw forbidden(definition, name, 'this namespace may not be deleted');
  }
  checkOwnDeletion(request);
  const key = objectKey(definition, namespace, name);
  let planned = { action: 'none' } as WritePlan;
  const result = await guaranteedUpdate({
    kv: context.kv,
    key,
    cached: context.cache.get(key),
    plan: (current): WritePlan => {
      if (current === undefined) throw notFound(definition, name);
      checkPreconditions(request, options, current.object);
      askPolicies(request, options, resource.view(current).object);
      planned = planOf(request, current.object, marked(request, options, current));
      return options.dryRun ? { action: 'none' } : planned;
    },
  });
  const { stored } = result;
  if (stored === undefined) throw notFound(definition, name);
  if (!options.dryRun) return { action: result.action, stored, warnings: [] };
  const preview =
    planned.action === 'put' ? new StoredObject(key, planned.value, stored.modRevision) : stored;
  return { action: planned.action, stored: preview, warnings: [] };
}
