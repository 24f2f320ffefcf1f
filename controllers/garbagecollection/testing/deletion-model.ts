import type { Policy } from './collector-bed.ts';

/** An object of the model: whom it names as its owners, also those that are not there. */
export interface ModelObject {
  readonly owners: ReadonlySet<number>;
}

/** The objects that are there, by number. */
export type Model = ReadonlyMap<number, ModelObject>;

/**
 * What is left once all is settled: an object that names owners lives as long as one of them does, and then names
 * only those that live.
 */
export function settled(model: Model): Model {
  const left = new Map(model);
  for (let isDone = false; !isDone; ) {
    isDone = true;
    for (const [id, { owners }] of left) {
      if (owners.size === 0 || [...owners].some((owner) => left.has(owner))) continue;
      left.delete(id);
      isDone = false;
    }
  }
  for (const [id, { owners }] of left)
    left.set(id, { owners: new Set([...owners].filter((owner) => left.has(owner))) });
  return left;
}

/** What is left after a deletion: how it is done makes a difference on the way alone, but for orphans. */
export function afterDeletion(model: Model, id: number, policy: Policy): Model {
  const left = new Map(model);
  left.delete(id);
  if (policy === 'Orphan') {
    for (const [other, { owners }] of left)
      left.set(other, { owners: new Set([...owners].filter((owner) => owner !== id)) });
  }
  return settled(left);
}
