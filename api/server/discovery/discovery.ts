import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { parseAccept } from './accept.ts';
import { type AggregatedVersion, aggregatedDiscovery } from './aggregated-discovery.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './plain-discovery.ts';
import { type ServedGroupVersion, servedGroupVersions } from './served-resource.ts';

export interface DiscoveryResponse {
  readonly contentType: string;
  readonly body: string;
}

/**
 * The answer to a GET on `/api`, `/apis`, `/api/v1`, `/apis/<group>` or `/apis/<group>/<version>`; undefined where
 * the path is none of these or the group is not served. `/api` and `/apis` are aggregated for clients that ask so.
 */
export function discoveryResponse(
  path: string,
  acceptHeader: string | undefined,
  definitions: readonly ResourceInfo[],
): DiscoveryResponse | undefined {
  const served = servedGroupVersions(definitions);
  const segments = path.split('/').filter((segment) => segment !== '');
  const [root, ...rest] = segments;
  if (rest.length === 0 && (root === 'api' || root === 'apis'))
    return rootResponse(root, acceptHeader, served);
  const document = documentAt(root, rest, served);
  return document === undefined
    ? undefined
    : { contentType: 'application/json', body: JSON.stringify(document) };
}

function rootResponse(
  root: 'api' | 'apis',
  acceptHeader: string | undefined,
  served: readonly ServedGroupVersion[],
): DiscoveryResponse {
  const version = aggregatedVersion(acceptHeader);
  if (version !== undefined) {
    const below = served.filter(({ group }) => (group === '') === (root === 'api'));
    return {
      contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      body: JSON.stringify(aggregatedDiscovery(below, version)),
    };
  }
  const document = root === 'api' ? apiVersions(served) : apiGroupList(served);
  return { contentType: 'application/json', body: JSON.stringify(document) };
}

function documentAt(
  root: string | undefined,
  rest: readonly string[],
  served: readonly ServedGroupVersion[],
): unknown {
  if (root === 'apis' && rest.length === 1) return apiGroup(served, rest[0] ?? '');
  const apiVersion = rest.join('/');
  const coreExpected = root === 'api';
  if (rest.length !== (coreExpected ? 1 : 2) || (root !== 'api' && root !== 'apis')) return undefined;
  const found = served.find((one) => one.apiVersion === apiVersion && (one.group === '') === coreExpected);
  return found === undefined ? undefined : apiResourceList(found);
}

/** The form that the client likes best; undefined where that is the plain one. */
function aggregatedVersion(acceptHeader: string | undefined): AggregatedVersion | undefined {
  for (const { type, parameters } of parseAccept(acceptHeader)) {
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    if (parameters.g === undefined) return undefined;
    const { g, v, as } = parameters;
    if (g !== 'apidiscovery.k8s.io' || as !== 'APIGroupDiscoveryList') continue;
    if (v === 'v2' || v === 'v2beta1') return v;
  }
  return undefined;
}
