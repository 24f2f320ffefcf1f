/** Names what to look at; never says what happened to it. `namespace` is empty for cluster-scoped kinds. */
export interface ReconcileRequest {
  readonly namespace: string;
  readonly name: string;
}

export interface ReconcileResult {
  /** Look again after so long, whatever happens. */
  readonly requeueAfterMs?: number | undefined;
}

export interface ReconcileContext {
  /** Aborts when the process ends: give up between two effects. */
  readonly signal: AbortSignal;
}

/**
 * Brings reality to what an object declares, from whatever state it finds. Called for one key by one worker at a
 * time; a second call on a converged object does nothing. The error's class decides about retries: `errors.ts`.
 */
export interface Reconciler {
  reconcile(request: ReconcileRequest, context: ReconcileContext): Promise<ReconcileResult>;
}
