import { isDeepStrictEqual } from 'node:util';
import type { DiscoveredResource } from '../../api/client/index.ts';
import type { OwnerReference } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';

/** What the collector does to an object needs all of these. */
const VERBS_NEEDED = ['delete', 'get', 'list', 'patch', 'watch'] as const;

/** `configmaps` or `widgets.example.com`. */
export function resourceName({ group, plural }: Pick<ResourceAddress, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Upstream leaves Events out too: they outlive what they tell of, until their own time is over. */
function isEvents({ group, plural }: ResourceAddress): boolean {
  return plural === 'events' && (group === '' || group === 'events.k8s.io');
}

/** `apps/v1` -> `apps`; `v1` -> ``. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/** The kinds that are served, as discovery last told. */
export class KindCatalog {
  #resources: readonly DiscoveredResource[] = [];

  /** @returns whether anything differs from before */
  replace(resources: readonly DiscoveredResource[]): boolean {
    if (isDeepStrictEqual(resources, this.#resources)) return false;
    this.#resources = resources;
    return true;
  }

  /** Each resource whose objects may be collected, once, in its preferred version. */
  get collectable(): readonly ResourceAddress[] {
    const found = new Map<string, ResourceAddress>();
    for (const { verbs, ...resource } of this.#resources) {
      const name = resourceName(resource);
      if (found.has(name) || isEvents(resource)) continue;
      if (VERBS_NEEDED.every((verb) => verbs.includes(verb))) found.set(name, resource);
    }
    return [...found.values()];
  }

  /**
   * The resource that a reference names, undefined when it is not served. Versions of a kind are the same objects:
   * where the named one is not served, another is read.
   */
  resolve({ apiVersion, kind }: Pick<OwnerReference, 'apiVersion' | 'kind'>): ResourceAddress | undefined {
    const group = groupOf(apiVersion);
    const version = apiVersion.slice(group === '' ? 0 : group.length + 1);
    const ofKind = this.#resources.filter(
      (resource) => resource.group === group && resource.kind === kind && resource.verbs.includes('get'),
    );
    return ofKind.find((resource) => resource.version === version) ?? ofKind[0];
  }
}
