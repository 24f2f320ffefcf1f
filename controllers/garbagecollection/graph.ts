import { isDeepStrictEqual } from 'node:util';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { type Claim, GraphNode, type Seen } from './graph-node.ts';
import { groupOf } from './kind-catalog.ts';
import { isBeingDeleted, isOrphaning, isWaitingForDependents, ownersOf } from './ownership.ts';

/** What the graph wants looked at. Both are cheap and may be told the same again. */
export interface GraphListener {
  /** An object that may have to go, or an owner that may have waited long enough. */
  object(node: GraphNode): void;
  /** An owner that no watch has shown, so that somebody asks the API server. */
  virtualOwner(node: GraphNode): void;
  /** The end of an owner that dependents name so was seen. */
  ownerGone(claim: Claim): void;
}

/**
 * Who owns whom, over all kinds, by UID, as the watches show it. Owners that are named and were not seen are in it
 * as virtual nodes. It decides nothing: it tells what to look at.
 * Source: k8s.io/kubernetes/pkg/controller/garbagecollector/graph_builder.go
 */
export class OwnershipGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #listener: GraphListener;
  readonly #nowMs: () => number;
  #virtualCount = 0;

  /** @param nowMs monotonic */
  constructor(listener: GraphListener, nowMs: () => number) {
    this.#listener = listener;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get virtualCount(): number {
    return this.#virtualCount;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** A watch shows an object: new, or changed. */
  observe(seen: Seen): void {
    const { uid } = seen.object.metadata;
    const known = this.#nodes.get(uid);
    const node = known ?? new GraphNode(uid);
    const old = node.seen?.object;
    if (known === undefined) this.#nodes.set(uid, node);
    else if (known.seen === undefined) this.#virtualCount -= 1;
    node.seen = seen;
    node.attempts = 0;
    if (known !== undefined && old === undefined) this.#checkClaimants(node, seen);
    this.#relink(node, ownersOf(old), ownersOf(seen.object));
    this.#tellTransitions(node, old, seen.object);
  }

  /** A watch shows that an object is gone. */
  remove(resource: ResourceAddress, object: Stored<ApiObject>): void {
    const node = this.#nodes.get(object.metadata.uid);
    if (node?.seen === undefined || node.seen.resource !== resource) return;
    this.#nodes.delete(node.uid);
    this.#unlink(node, ownersOf(node.seen.object));
    for (const { claim } of node.claims().values()) {
      if (isNamedRight(claim.reference, claim.namespace, node.seen)) this.#listener.ownerGone(claim);
    }
    for (const dependent of node.dependents) this.#listener.object(dependent);
  }

  /** An object cannot be watched any more, whatever became of it: to its dependents it is an owner nobody has seen. */
  forget(resource: ResourceAddress, object: Stored<ApiObject>): void {
    const node = this.#nodes.get(object.metadata.uid);
    if (node?.seen === undefined || node.seen.resource !== resource) return;
    this.#unlink(node, ownersOf(node.seen.object));
    node.seen = undefined;
    if (node.dependentCount === 0) {
      this.#nodes.delete(node.uid);
      return;
    }
    this.#virtualCount += 1;
    this.#listener.virtualOwner(node);
  }

  /** No object answers to a virtual node: its dependents have one owner less. */
  removeVirtual(node: GraphNode): void {
    if (node.seen !== undefined || !this.#nodes.delete(node.uid)) return;
    this.#virtualCount -= 1;
    for (const dependent of node.dependents) this.#listener.object(dependent);
  }

  /** Other kinds are served than before: who was asked in vain may have an answer now. */
  recheckVirtualOwners(): void {
    for (const node of this.#nodes.values()) {
      if (node.seen !== undefined) continue;
      node.attempts = 0;
      this.#listener.virtualOwner(node);
      for (const dependent of node.dependents) if (dependent.attempts > 0) this.#listener.object(dependent);
    }
  }

  #relink(node: GraphNode, before: readonly OwnerReference[], after: readonly OwnerReference[]): void {
    if (before === after || isDeepStrictEqual(before, after)) return;
    const kept = new Set(after.map(({ uid }) => uid));
    this.#unlink(
      node,
      before.filter(({ uid }) => !kept.has(uid)),
    );
    for (const reference of after) {
      const was = before.find(({ uid }) => uid === reference.uid);
      if (was === undefined || !isDeepStrictEqual(was, reference)) this.#link(node, reference);
      if (was?.blockOwnerDeletion === true && reference.blockOwnerDeletion !== true)
        this.#tellWaiting(reference);
    }
  }

  #link(node: GraphNode, reference: OwnerReference): void {
    const owner = this.#nodes.get(reference.uid) ?? new GraphNode(reference.uid);
    if (!this.#nodes.has(reference.uid)) {
      this.#nodes.set(reference.uid, owner);
      this.#virtualCount += 1;
    }
    owner.addDependent(node);
    if (owner.seen === undefined) this.#listener.virtualOwner(owner);
    else if (
      isWaitingForDependents(owner.seen.object) ||
      !isNamedRight(reference, node.namespace, owner.seen)
    )
      this.#listener.object(node);
  }

  #unlink(node: GraphNode, references: readonly OwnerReference[]): void {
    for (const reference of references) {
      const owner = this.#nodes.get(reference.uid);
      if (owner === undefined) continue;
      owner.deleteDependent(node);
      this.#tellWaiting(reference);
      if (owner.seen === undefined && owner.dependentCount === 0) {
        this.#nodes.delete(owner.uid);
        this.#virtualCount -= 1;
      }
    }
  }

  /** A foreground deletion may have waited for this reference. */
  #tellWaiting({ uid }: OwnerReference): void {
    const owner = this.#nodes.get(uid);
    if (isWaitingForDependents(owner?.seen?.object) && owner !== undefined) this.#listener.object(owner);
  }

  /** Dependents that name a virtual owner otherwise than it turns out to be may have no owner at all. */
  #checkClaimants(node: GraphNode, seen: Seen): void {
    for (const { claim, claimants } of node.claims().values()) {
      if (isNamedRight(claim.reference, claim.namespace, seen)) continue;
      for (const claimant of claimants) this.#listener.object(claimant);
    }
  }

  #tellTransitions(node: GraphNode, old: Stored<ApiObject> | undefined, now: Stored<ApiObject>): void {
    if (!isBeingDeleted(now)) return;
    const startsOrphaning = isOrphaning(now) && !isOrphaning(old);
    const startsWaiting = isWaitingForDependents(now) && !isWaitingForDependents(old);
    if (!startsOrphaning && !startsWaiting) return;
    node.heldSinceMs = this.#nowMs();
    this.#listener.object(node);
    if (startsOrphaning) return;
    for (const dependent of node.dependents) this.#listener.object(dependent);
  }
}

/** Whether a reference from an object in `namespace` is to what was seen under that UID, but for the version. */
function isNamedRight(reference: OwnerReference, namespace: string, { resource, object }: Seen): boolean {
  if (resource.namespaced && object.metadata.namespace !== namespace) return false;
  return (
    reference.kind === resource.kind &&
    reference.name === object.metadata.name &&
    groupOf(reference.apiVersion) === resource.group
  );
}
