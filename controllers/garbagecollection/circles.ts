import type { GraphNode } from './graph-node.ts';
import { isWaitingForDependents } from './ownership.ts';

/** Objects looked at for a circle; larger ones are found from another of their members, or not at all. */
const VISITS_MAX = 1_000;

/**
 * Whether objects that are all being deleted in the foreground wait for each other round to this one: none of them
 * would ever end by itself.
 */
export function isInWaitingCircle(start: GraphNode): boolean {
  const visited = new Set<GraphNode>();
  const open: GraphNode[] = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const dependent of node.blockingDependents()) {
      if (!isWaitingForDependents(dependent.seen?.object)) continue;
      if (dependent === start) return true;
      if (visited.has(dependent)) continue;
      if (visited.size === VISITS_MAX) return false;
      visited.add(dependent);
      open.push(dependent);
    }
  }
  return false;
}
