import { apiVersionOf } from '../../crds/meta/resource-definition.ts';
import { namespaceDefinition } from '../../crds/namespace/definition.ts';
import { SERVER_USER } from './auth/user.ts';
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
    await createObject(
      {
        context,
        user: SERVER_USER,
        resource,
        namespace: undefined,
        name: '',
        subresource: '',
        traceparent: undefined,
        dryRun: false,
        fieldValidation: 'Strict',
      },
      object,
    );
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
  }
}

/** Makes the namespaces that clients count on, as soon as etcd lets it. Resolves then, or when the server stops. */
export async function bootstrapNamespaces(context: ServerContext): Promise<void> {
  const { stopping, logger, clock } = context;
  while (!stopping.aborted) {
    try {
      for (const name of NAMESPACES) await ensureNamespace(context, name);
      return;
    } catch (error) {
      logger.warn({ reason: String(error) }, 'cannot make the system namespaces yet; trying again');
      await clock.sleep(RETRY_MS, stopping).catch(() => {});
    }
  }
}
