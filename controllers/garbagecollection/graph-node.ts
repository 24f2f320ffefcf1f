import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { isBlocking, ownersOf } from './ownership.ts';

/** An object as it was last seen, and the resource under which it was. */
export interface Seen {
  readonly resource: ResourceAddress;
  readonly object: Stored<ApiObject>;
}

/** An owner as some dependents name it. */
export interface Claim {
  readonly reference: OwnerReference;
  /** The dependents' namespace; empty for cluster-scoped ones. */
  readonly namespace: string;
}

/** What is known of one UID. */
export class GraphNode {
  readonly uid: string;
  /** Undefined for a virtual node: others name it as their owner, and no watch has shown it. */
  seen: Seen | undefined;
  /** When its deletion was first seen to wait for the collector, in monotonic milliseconds. */
  heldSinceMs = 0;
  /** How often it was looked at in vain; for the back-off. */
  attempts = 0;
  /** Most objects own nothing: the set is made when it is needed. */
  #dependents: Set<GraphNode> | undefined;

  constructor(uid: string) {
    this.uid = uid;
  }

  get dependents(): Iterable<GraphNode> {
    return this.#dependents ?? [];
  }

  get dependentCount(): number {
    return this.#dependents?.size ?? 0;
  }

  get namespace(): string {
    return this.seen?.object.metadata.namespace ?? '';
  }

  addDependent(node: GraphNode): void {
    this.#dependents ??= new Set();
    this.#dependents.add(node);
  }

  deleteDependent(node: GraphNode): void {
    this.#dependents?.delete(node);
    if (this.#dependents?.size === 0) this.#dependents = undefined;
  }

  /** The dependents that a foreground deletion of it waits for. */
  *blockingDependents(): Generator<GraphNode> {
    for (const dependent of this.dependents)
      if (isBlocking(dependent.seen?.object, this.uid)) yield dependent;
  }

  /** The different ways in which its dependents name it, with the dependents. */
  claims(): Map<string, { readonly claim: Claim; readonly claimants: readonly GraphNode[] }> {
    const found = new Map<string, { claim: Claim; claimants: GraphNode[] }>();
    for (const dependent of this.dependents) {
      for (const reference of ownersOf(dependent.seen?.object)) {
        if (reference.uid !== this.uid) continue;
        const claim = { reference, namespace: dependent.namespace };
        const key = claimKey(claim);
        const known = found.get(key);
        if (known === undefined) found.set(key, { claim, claimants: [dependent] });
        else known.claimants.push(dependent);
      }
    }
    return found;
  }
}

/** Equal for claims that one look at the API server answers. */
export function claimKey({ reference, namespace }: Claim): string {
  const { apiVersion, kind, name, uid } = reference;
  return [apiVersion, kind, namespace, name, uid].join('\n');
}
