export {
  type ConditionUpdate,
  findCondition,
  formatMicroTime,
  formatTime,
  isConditionTrue,
  setCondition,
} from './conditions.ts';
export { type Controller, type ControllerOptions, startController } from './controller.ts';
export { type ControllerMetrics, createControllerMetrics } from './controller-metrics.ts';
export { causeChain, StallingError, TerminalError, WaitingError } from './errors.ts';
export { ensureFinalizer, hasFinalizer, removeFinalizer } from './finalizers.ts';
export { LeadershipLostError, runLeaderElection } from './leader-election.ts';
export { controllerOf, ownerReferenceTo } from './owner-references.ts';
export type { ReconcileContext, ReconcileRequest, ReconcileResult, Reconciler } from './reconciler.ts';
export { informerSource, type Source, specChanged } from './source.ts';
export { StatusCommitter } from './status-committer.ts';
export { WorkQueue } from './work-queue.ts';
