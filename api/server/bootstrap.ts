import { apiVersionOf } from '../../crds/meta/resource-definition.ts';
import { namespaceDefinition } from '../../crds/namespace/definition.ts';
import { ensureBootstrapPolicy } from './auth/rbac/bootstrap.ts';
import { serverWrite } from './auth/rbac/server-write.ts';
import { ensureOwnCrd } from './customresources/bootstrap-crds.ts';
import type { ServerContext } from './http/context.ts';
import { StatusError } from './http/status-error.ts';
import { createObject } from './write/create.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-node-lease', 'kube-public'] as const;
const RETRY_MS = 500;

async function ensureNamespace(context: ServerContext, name: string): Promise<void> {
  const { group, version, plural } = namespaceDefinition;
  const resource = context.catalog.find(group, version, plural);
  if (resource === undefined) return;
  const object = { apiVersion: apiVersionOf(namespaceDefinition), kind: 'Namespace', metadata: { name } };
  try {
    await createObject(serverWrite(context, resource, ''), object);
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
  }
}

/** Tries until it is done, or the server stops. */
async function persist(context: ServerContext, what: string, attempt: () => Promise<boolean>): Promise<void> {
  const { stopping, logger, clock } = context;
  while (!stopping.aborted) {
    try {
      if (await attempt()) return;
    } catch (error) {
      logger.warn({ reason: String(error) }, `cannot make the ${what} yet; trying again`);
    }
    await clock.sleep(RETRY_MS, stopping).catch(() => {});
  }
}

/**
 * Makes the namespaces, roles and bindings that clients and Holt's own processes count on, as soon as etcd lets
 * it. Resolves then, or when the server stops.
 */
export async function bootstrap(context: ServerContext): Promise<void> {
  const { cache, catalog, startup } = context;
  await persist(context, 'definitions of the own kinds', async () => {
    for (const definition of catalog.ownKinds) await ensureOwnCrd(context, definition);
    return true;
  });
  await persist(context, 'system namespaces', async () => {
    for (const name of NAMESPACES) await ensureNamespace(context, name);
    return true;
  });
  await persist(context, 'bootstrap roles', async () => {
    return (await cache.whenReady(RETRY_MS)) && ensureBootstrapPolicy(context);
  });
  startup.hasBootstrapRoles = true;
}
