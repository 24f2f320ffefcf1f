import type { ApiObject } from '../../../../crds/meta/meta.ts';
import { objectKey } from '../../../storage/keys.ts';
import type { ServerContext } from '../../http/context.ts';
import { StatusError } from '../../http/status-error.ts';
import { createObject } from '../../write/create.ts';
import { deleteObject } from '../../write/delete.ts';
import { parseDeleteOptions } from '../../write/delete-options.ts';
import { updateObject } from '../../write/update.ts';
import { bindingOf, clusterRoleOf, isRetirable, planBootstrap } from './bootstrap-objects.ts';
import { BOOTSTRAP_BINDINGS, BOOTSTRAP_ROLES, RETIRED_ROLES } from './bootstrap-policy.ts';
import type { BootstrapBinding } from './bootstrap-rule.ts';
import { rbacResource, serverWrite } from './server-write.ts';

/** Another replica was faster: its object is judged in the next round. */
function isLostRace(error: unknown): boolean {
  return error instanceof StatusError && ['AlreadyExists', 'NotFound', 'Conflict'].includes(error.reason);
}

/** @returns the revision that the object was written at, 0 where it was as it should be; undefined after a lost race */
async function ensureObject(
  context: ServerContext,
  plural: string,
  wanted: ApiObject,
): Promise<number | undefined> {
  const resource = rbacResource(context, plural);
  const { name = '', namespace } = wanted.metadata;
  if (resource === undefined) return 0;
  const write = serverWrite(context, resource, name, namespace);
  const cached = context.cache.get(objectKey(resource.definition, namespace, name));
  const plan = planBootstrap(cached?.object, wanted);
  try {
    if (plan.action === 'none') return 0;
    if (plan.action === 'update') {
      const { stored } = await updateObject(write, (current) => {
        const fresh = planBootstrap(current, wanted);
        return fresh.action === 'update' ? fresh.next : current;
      });
      return stored.modRevision;
    }
    if (plan.action === 'replace')
      await deleteObject(write, parseDeleteOptions(undefined, new URLSearchParams()));
    const { stored } = await createObject({ ...write, name: '' }, structuredClone(wanted));
    return stored.modRevision;
  } catch (error) {
    if (isLostRace(error)) return undefined;
    throw error;
  }
}

/** @returns whether there was something to take away */
async function retire(context: ServerContext, plural: string, name: string): Promise<boolean> {
  const resource = rbacResource(context, plural);
  if (resource === undefined) return false;
  const cached = context.cache.get(objectKey(resource.definition, undefined, name));
  if (cached === undefined || !isRetirable(cached.object)) return false;
  const options = parseDeleteOptions(
    { preconditions: { uid: cached.object.metadata.uid } },
    new URLSearchParams(),
  );
  try {
    await deleteObject(serverWrite(context, resource, name), options);
  } catch (error) {
    if (!isLostRace(error)) throw error;
  }
  return true;
}

/** How long the cache may take to see what was written, before a further round looks. */
const CACHE_LAG_MAX_MS = 500;

function pluralOf({ namespace }: BootstrapBinding): string {
  return namespace === undefined ? 'clusterrolebindings' : 'rolebindings';
}

/**
 * Makes the bootstrap roles and bindings, gives them back what they lack, and takes away what earlier releases made
 * and this one does without: one round over all of them.
 * @returns whether everything is in its place and known to the authoriser, so that no further round is needed
 * @throws StatusError, StorageError
 */
export async function ensureBootstrapPolicy(context: ServerContext): Promise<boolean> {
  const wanted = [
    ...BOOTSTRAP_ROLES.map((role) => ['clusterroles', clusterRoleOf(role)] as const),
    ...BOOTSTRAP_BINDINGS.map((binding) => [pluralOf(binding), bindingOf(binding)] as const),
  ];
  let revision = 0;
  let isComplete = true;
  for (const [plural, object] of wanted) {
    const written = await ensureObject(context, plural, object);
    if (written === undefined) isComplete = false;
    else revision = Math.max(revision, written);
  }
  for (const name of RETIRED_ROLES) {
    for (const plural of ['clusterrolebindings', 'clusterroles'])
      if (await retire(context, plural, name)) isComplete = false;
  }
  return isComplete && context.cache.whenAt(revision, CACHE_LAG_MAX_MS);
}
