import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { Node } from '../../crds/node/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatTime } from '../runtime/index.ts';
import { GRACE_MS } from './plan.ts';

/** Reasons of the Node's Ready condition that the manager sets. `docs/operations.md` has a line for each. */
export const NODE_REASONS = {
  /** The node's heartbeat is overdue. */
  NodeStatusUnknown: 'NodeStatusUnknown',
  /** The heartbeat is back. */
  NodeReady: 'NodeReady',
} as const;

export type NodeStatus = NonNullable<Node['status']>;

export function isMarkedUnknown(node: Node): boolean {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  return ready?.status === 'Unknown' && ready.reason === NODE_REASONS.NodeStatusUnknown;
}

/** The status and event for a heartbeat that is overdue or back. */
export function statusOfHealth(
  node: Node,
  verdict: 'markUnknown' | 'markReady',
  clock: Pick<Clock, 'nowMs'>,
): { status: NodeStatus; events: LifecycleEvent[] } {
  const now = formatTime(clock.nowMs());
  const isLost = verdict === 'markUnknown';
  const reason = isLost ? NODE_REASONS.NodeStatusUnknown : NODE_REASONS.NodeReady;
  const message = isLost
    ? `no heartbeat for ${GRACE_MS / 1000} s. Look whether holt-node runs there and reaches the API server; VMs on it may still run`
    : 'heartbeats again';
  const known = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const ready = {
    ...known,
    type: 'Ready',
    status: isLost ? ('Unknown' as const) : ('True' as const),
    reason,
    message,
    lastTransitionTime: now,
  };
  const conditions = node.status?.conditions ?? [];
  return {
    status: {
      ...node.status,
      conditions:
        known === undefined
          ? [...conditions, ready]
          : conditions.map((each) => (each === known ? ready : each)),
    },
    events: [{ type: isLost ? 'Warning' : 'Normal', reason, message, action: 'NodeLifecycle' }],
  };
}
