import type { IOptions } from 'etcd3';

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

const neverFires = () => ({ dispose: () => {} });

/**
 * `etcd3` retries three times and opens a circuit breaker by default. Neither is wanted: a timed-out transaction is
 * unknown, not failed, so only its caller may repeat it, and a breaker would delay the recovery when etcd is back.
 */
export const noRetryPolicy: Policy = {
  _altReturn: undefined as never,
  onSuccess: neverFires,
  onFailure: neverFires,
  execute: async (work, signal) => work({ signal: signal ?? new AbortController().signal }),
};
