export { ApiClient } from './api-client.ts';
export {
  ApiError,
  ApiUnreachableError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
} from './api-error.ts';
export type {
  CallOptions,
  DeleteOptions,
  ListOptions,
  ObjectList,
  WatchOptions,
  WriteOptions,
} from './call-options.ts';
export { countObjects } from './count-objects.ts';
export { type DiscoveredResource, discoverResources } from './discovery.ts';
export type { IndexFunction, Lister } from './indexer.ts';
export { Informer, type InformerOptions } from './informer.ts';
export type { Change, ChangeListener } from './informer-cache.ts';
export { formatKey, keyOf, type ObjectName, parseKey } from './object-key.ts';
export { jitteredDelayMs, type RestartBackoff } from './restart-backoff.ts';
export type { WatchEvent } from './watch-stream.ts';
