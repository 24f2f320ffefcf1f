import { z } from 'zod';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { ApiClient } from './api-client.ts';
import type { CallOptions } from './call-options.ts';

/** A resource that the server serves now. */
export interface DiscoveredResource extends ResourceAddress {
  readonly verbs: readonly string[];
}

/** Source: k8s.io/api/apidiscovery/v2/types.go */
const discoverySchema = z.object({
  kind: z.literal('APIGroupDiscoveryList'),
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().optional() }).optional(),
      versions: z.array(
        z.object({
          version: z.string(),
          resources: z
            .array(
              z.object({
                resource: z.string(),
                responseKind: z.object({ kind: z.string() }),
                scope: z.enum(['Namespaced', 'Cluster']),
                verbs: z.array(z.string()),
              }),
            )
            .nullish(),
        }),
      ),
    }),
  ),
});

const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * All resources that are served, those of CustomResourceDefinitions included, each group's versions in the server's
 * order of preference.
 * @throws ApiError, ApiUnreachableError; Error when an answer is no aggregated discovery document
 */
export async function discoverResources(
  client: Pick<ApiClient, 'request'>,
  options: Pick<CallOptions, 'signal'> = {},
): Promise<DiscoveredResource[]> {
  const documents = await Promise.all(
    ['/api', '/apis'].map((path) =>
      client.request({ method: 'GET', path, accept: ACCEPT, signal: options.signal }),
    ),
  );
  return documents.flatMap(parseDiscovery);
}

function parseDiscovery(body: unknown): DiscoveredResource[] {
  const parsed = discoverySchema.safeParse(body);
  if (!parsed.success) {
    throw new Error(`answer is no discovery document: ${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  return parsed.data.items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      (resources ?? []).map(({ resource, responseKind, scope, verbs }) => ({
        group: metadata?.name ?? '',
        version,
        kind: responseKind.kind,
        plural: resource,
        namespaced: scope === 'Namespaced',
        verbs,
      })),
    ),
  );
}
