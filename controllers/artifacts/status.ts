import type { GuestImage, GuestImageStatus } from '../../crds/guestimage/definition.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { Clock } from '../../lib/clock.ts';
import { findCondition, formatTime, setCondition } from '../runtime/index.ts';
import type { ArtifactState } from './artifact-store.ts';

/** Reasons of a GuestImage's Ready condition. `docs/operations.md` has a line for each. */
export const GUEST_IMAGE_REASONS = {
  Verified: 'Verified',
  NotFound: 'NotFound',
  DigestMismatch: 'DigestMismatch',
} as const;

type NodeEntry = NonNullable<GuestImageStatus['nodes']>[number];

/** The status with this node's finding in it: ready when some node has the whole artifact. */
export function statusOf(options: {
  readonly image: Pick<GuestImage, 'metadata' | 'spec' | 'status'>;
  readonly nodeName: string;
  readonly state: ArtifactState;
  readonly clock: Pick<Clock, 'nowMs'>;
}): GuestImageStatus {
  const { image, nodeName, state, clock } = options;
  const previous = image.status ?? {};
  const known = previous.nodes?.find((node) => node.nodeName === nodeName);
  const message = state.isVerified ? undefined : state.message;
  const { digest } = image.spec;
  const isSame = known?.present === state.isVerified && known.message === message && known.digest === digest;
  const entry: NodeEntry = isSame
    ? known
    : {
        nodeName,
        digest,
        present: state.isVerified,
        verifiedAt: formatTime(clock.nowMs()),
        ...(message === undefined ? {} : { message }),
      };
  const others = previous.nodes?.filter((node) => node.nodeName !== nodeName) ?? [];
  const nodes = [...others, entry].sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
  const { generation } = image.metadata;
  const word = readyWord(nodes, state);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return {
    ...previous,
    ...observed,
    nodes,
    conditions: setCondition(previous.conditions, { type: 'Ready', ...word, ...observed }, clock),
  };
}

function readyWord(nodes: readonly NodeEntry[], state: ArtifactState) {
  if (nodes.some((node) => node.present)) {
    const message = 'a node has the artifact, all digests checked';
    return { status: 'True', reason: GUEST_IMAGE_REASONS.Verified, message } as const;
  }
  const isMismatch = !state.isVerified && state.isPresent;
  return {
    status: 'False',
    reason: isMismatch ? GUEST_IMAGE_REASONS.DigestMismatch : GUEST_IMAGE_REASONS.NotFound,
    message: state.isVerified ? '' : `${state.message}; build or copy the artifact there again`,
  } as const;
}

/** The events for a readiness that turned, and for a node that lost the artifact while others have it. */
export function eventsOf(previous: GuestImageStatus | undefined, next: GuestImageStatus): LifecycleEvent[] {
  const before = findCondition(previous?.conditions, 'Ready');
  const after = findCondition(next.conditions, 'Ready');
  if (after === undefined) return [];
  if (before?.status === after.status) return after.status === 'True' ? lossesOf(previous, next) : [];
  return [
    { type: after.status === 'True' ? 'Normal' : 'Warning', reason: after.reason, message: after.message },
  ];
}

function lossesOf(previous: GuestImageStatus | undefined, next: GuestImageStatus): LifecycleEvent[] {
  const had = new Set(previous?.nodes?.filter((node) => node.present).map((node) => node.nodeName));
  const lost = next.nodes?.filter((node) => !node.present && had.has(node.nodeName)) ?? [];
  return lost.map(({ nodeName, message = '' }) => ({
    type: 'Warning',
    reason: GUEST_IMAGE_REASONS.DigestMismatch,
    message: `node ${nodeName} does not have the artifact whole any more: ${message}`,
  }));
}
