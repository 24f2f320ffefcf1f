import { StorageError } from '../../storage/storage-error.ts';
import { expired, internalError } from './errors.ts';
import { StatusError } from './status-error.ts';

/** What the client is told of an etcd failure, with the remedy. */
function storageStatus(error: StorageError): StatusError {
  switch (error.kind) {
    case 'unavailable':
      // Without a time to try again: clients repeat a request by themselves where one is given, a write too.
      return new StatusError({
        code: 503,
        reason: 'ServiceUnavailable',
        message: `etcd does not answer (${error.message}). Check that etcd runs and that its port is reachable ("holt dev status", or its log). A write that ended so may or may not have been done: read the object before you repeat it`,
      });
    case 'no-space':
      return new StatusError({
        code: 507,
        reason: 'InternalError',
        message:
          'etcd is out of space (NOSPACE alarm): reads and deletes still work, other writes do not. Delete what is not needed, then run "etcdctl compact", "etcdctl defrag" and "etcdctl alarm disarm", or raise --quota-backend-bytes',
      });
    case 'compacted':
      return expired('The resourceVersion for the provided list is too old.');
    case 'too-large':
      return new StatusError({
        code: 413,
        reason: 'RequestEntityTooLarge',
        message: 'Request is too large for etcd: an object may have about 1.5 MiB',
      });
    case 'contention':
      return new StatusError({
        code: 409,
        reason: 'Conflict',
        message: `Too many writers at once: ${error.message}. Try again`,
        details: { retryAfterSeconds: 1 },
      });
    case 'future-revision':
      return new StatusError({
        code: 504,
        reason: 'Timeout',
        message: 'Too large resource version',
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
      });
    case 'internal':
      return internalError(`etcd: ${error.message}`);
  }
}

/** Any error as the StatusError that the client gets; undefined where it is a defect of the server. */
export function asStatusError(error: unknown): StatusError | undefined {
  if (error instanceof StatusError) return error;
  return error instanceof StorageError ? storageStatus(error) : undefined;
}
