import type { ApiObject } from '../../../../crds/meta/meta.ts';
import { objectKey } from '../../../storage/keys.ts';
import type { ServerContext } from '../../http/context.ts';
import { StatusError } from '../../http/status-error.ts';
import { createObject } from '../../write/create.ts';
import { deleteObject } from '../../write/delete.ts';
import { parseDeleteOptions } from '../../write/delete-options.ts';
import { updateObject } from '../../write/update.ts';
import { clusterRoleBindingOf, clusterRoleOf, planBootstrap } from './bootstrap-objects.ts';
import { BOOTSTRAP_BINDINGS, BOOTSTRAP_ROLES } from './bootstrap-policy.ts';
import { rbacResource, serverWrite } from './server-write.ts';

/** Another replica was faster: its object is judged in the next round. */
function isLostRace(error: unknown): boolean {
  return error instanceof StatusError && ['AlreadyExists', 'NotFound', 'Conflict'].includes(error.reason);
}

/** @returns whether the object was as it should be */
async function ensureObject(context: ServerContext, plural: string, wanted: ApiObject): Promise<boolean> {
  const resource = rbacResource(context, plural);
  const { name = '' } = wanted.metadata;
  if (resource === undefined) return true;
  const write = serverWrite(context, resource, name);
  const cached = context.cache.get(objectKey(resource.definition, undefined, name));
  const plan = planBootstrap(cached?.object, wanted);
  try {
    if (plan.action === 'replace')
      await deleteObject(write, parseDeleteOptions(undefined, new URLSearchParams()));
    if (plan.action === 'create' || plan.action === 'replace')
      await createObject({ ...write, name: '' }, structuredClone(wanted));
    if (plan.action === 'update') {
      await updateObject(write, (current) => {
        const fresh = planBootstrap(current, wanted);
        return fresh.action === 'update' ? fresh.next : current;
      });
    }
    return true;
  } catch (error) {
    if (isLostRace(error)) return false;
    throw error;
  }
}

/**
 * Makes the bootstrap roles and bindings, and gives them back what they lack: one round over all of them.
 * @returns whether everything was in its place, so that no further round is needed
 * @throws StatusError, StorageError
 */
export async function ensureBootstrapPolicy(context: ServerContext): Promise<boolean> {
  let isDone = true;
  for (const role of BOOTSTRAP_ROLES)
    isDone = (await ensureObject(context, 'clusterroles', clusterRoleOf(role))) && isDone;
  for (const binding of BOOTSTRAP_BINDINGS)
    isDone = (await ensureObject(context, 'clusterrolebindings', clusterRoleBindingOf(binding))) && isDone;
  return isDone;
}
