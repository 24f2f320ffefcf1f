import { type ApiClient, isNotFound } from '../../api/client/index.ts';
import { type Lease, leaseDefinition } from '../../crds/lease/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { NODE_LEASE_NAMESPACE, type Node } from '../../crds/node/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatMicroTime } from '../runtime/index.ts';

/** As of Kubernetes nodes: a node is doubted when its Lease is older. */
const LEASE_DURATION_SECONDS = 40;

type Client = Pick<ApiClient, 'get' | 'create' | 'update'>;

/**
 * Renews this node's heartbeat Lease, or makes it. Returns it for the next renewal, which then needs one call.
 * @throws ApiError: a conflict when somebody else wrote it (begin again without `known`); ApiUnreachableError
 */
export async function renewLease(
  client: Client,
  node: Stored<Node>,
  known: Stored<Lease> | undefined,
  clock: Clock,
): Promise<Stored<Lease>> {
  const { name, uid } = node.metadata;
  const place = { namespace: NODE_LEASE_NAMESPACE, name };
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: LEASE_DURATION_SECONDS,
    renewTime: formatMicroTime(clock.nowMs()),
  };
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid };
  const current = known ?? (await getOrNothing(client, place));
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;
  if (current === undefined) {
    const metadata = { ...place, ownerReferences: [owner] };
    return client.create<Lease>(leaseDefinition, { ...kind, metadata, spec });
  }
  const metadata = { ...current.metadata, ownerReferences: [owner] };
  return client.update<Lease>(leaseDefinition, { ...current, metadata, spec: { ...current.spec, ...spec } });
}

async function getOrNothing(
  client: Client,
  place: { namespace: string; name: string },
): Promise<Stored<Lease> | undefined> {
  try {
    return await client.get<Lease>(leaseDefinition, place);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
