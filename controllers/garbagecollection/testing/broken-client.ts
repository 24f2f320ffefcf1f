import { type ApiClient, ApiError } from '../../../api/client/index.ts';
import type { ResourceAddress } from '../../../crds/meta/resource-definition.ts';

/** A client to the real server whose calls may fail on the way. */
function intercepted(
  client: ApiClient,
  around: <T>(method: string, resource: ResourceAddress, call: () => Promise<T>) => Promise<T>,
): ApiClient {
  return new Proxy(client, {
    get: (target, method: keyof ApiClient) => {
      if (method === 'watch' || method === 'request' || method === 'close')
        return target[method].bind(target);
      const call = target[method].bind(target) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => around(method, args[0] as ResourceAddress, () => call(...args));
    },
  });
}

/** The process ends at its n-th write, before or after that is done: nothing is written from then on. */
export interface CrashingClient {
  readonly client: ApiClient;
  readonly writes: () => number;
  /** It has come to the n-th write. */
  readonly hasCrashed: () => boolean;
}

/** @param at number of the write, from 1; 0: never */
export function crashingClient(real: ApiClient, at: number, isBefore: boolean): CrashingClient {
  let writes = 0;
  let isOver = false;
  const end = () => {
    isOver = true;
    return new Error('this process is no more');
  };
  const client = intercepted(real, async (method, _, call) => {
    const isWrite = method === 'patch' || method === 'delete';
    if (isWrite) writes += 1;
    if (at > 0 && (writes > at || (isWrite && writes === at && isBefore))) throw end();
    const result = await call();
    if (at > 0 && isWrite && writes >= at) throw end();
    return result;
  });
  return { client, writes: () => writes, hasCrashed: () => isOver };
}

/** The server says 403 to reads of one kind, as long as `isRefused`. */
export function refusingClient(real: ApiClient, plural: string, isRefused: () => boolean): ApiClient {
  return intercepted(real, async (method, resource, call) => {
    if (resource.plural === plural && isRefused() && ['get', 'list'].includes(method))
      throw new ApiError(`${method} ${plural}`, { code: 403, reason: 'Forbidden', message: 'not for you' });
    return call();
  });
}

/** Lists of one kind never end, before `until` does. */
export function slowClient(real: ApiClient, plural: string, until: Promise<void>): ApiClient {
  return intercepted(real, async (method, resource, call) => {
    if (resource.plural === plural && method === 'list') await until;
    return call();
  });
}
