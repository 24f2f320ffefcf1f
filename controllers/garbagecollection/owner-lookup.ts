import { type ApiError, isNotFound } from '../../api/client/index.ts';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import { AbsentOwners } from './absent-owners.ts';
import type { Claim } from './graph-node.ts';
import type { KindCatalog } from './kind-catalog.ts';
import type { MetadataClient } from './metadata-client.ts';
import { isWaitingForDependents, ownersOf } from './ownership.ts';
import type { ObservedOwner, OwnerState } from './plan.ts';

/** What owners are, from the API server itself: a cache could miss one that was just made. */
export class OwnerLookup {
  readonly #catalog: Pick<KindCatalog, 'resolve'>;
  readonly #client: Pick<MetadataClient, 'get'>;
  readonly #absent = new AbsentOwners();

  constructor(catalog: Pick<KindCatalog, 'resolve'>, client: Pick<MetadataClient, 'get'>) {
    this.#catalog = catalog;
    this.#client = client;
  }

  /** The end of an owner was seen: nobody needs to ask for it, not even where its kind is served no more. */
  noteGone(claim: Claim): void {
    this.#absent.add(claim);
  }

  /** What each owner of an object is. @throws ApiError, ApiUnreachableError where the server does not tell */
  async observe(object: Stored<ApiObject>, signal: AbortSignal): Promise<ObservedOwner[]> {
    const { namespace = '' } = object.metadata;
    const found: ObservedOwner[] = [];
    for (const reference of ownersOf(object)) {
      found.push({ reference, state: await this.stateOf({ reference, namespace }, signal) });
    }
    return found;
  }

  /** @throws ApiError, ApiUnreachableError where the server does not tell */
  async stateOf({ reference, namespace }: Claim, signal: AbortSignal): Promise<OwnerState> {
    if (this.#absent.has({ reference, namespace }) || this.#absent.has({ reference, namespace: '' }))
      return 'dangling';
    const resource = this.#catalog.resolve(reference);
    if (resource === undefined) return 'unresolvable';
    if (resource.namespaced && namespace === '') return 'misplaced';
    const claim = { reference, namespace: resource.namespaced ? namespace : '' };
    const name = { namespace: claim.namespace, name: reference.name };
    try {
      const owner = await this.#client.get(resource, name, { signal });
      if (owner.metadata.uid === reference.uid) return isWaitingForDependents(owner) ? 'waiting' : 'solid';
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (!isOfTheObject(error, reference)) return 'unresolvable';
    }
    this.#absent.add(claim);
    return 'dangling';
  }
}

/** A kind that is served no more is 404 too, and says nothing of its objects: those that are stored are still there. */
function isOfTheObject(error: ApiError, { name }: OwnerReference): boolean {
  return error.details?.name === name;
}
