import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api/client/api-client.ts';
import { isNotFound } from '../api/client/api-error.ts';
import type { ApiObject, Condition, Stored } from '../crds/meta/meta.ts';
import type { ResourceDefinition } from '../crds/meta/resource-definition.ts';
import { CliError, EXIT_CODES } from './errors.ts';

const POLL_INTERVAL_MS = 250;

export interface WaitForOptions {
  readonly client: ApiClient;
  readonly definition: ResourceDefinition;
  readonly name: { readonly namespace?: string | undefined; readonly name: string };
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until `done` holds for the object; it sees undefined when there is none.
 * @throws CliError (timedOut) with the object's own Ready condition when it does not in time
 */
export async function waitFor(
  options: WaitForOptions,
  done: (object: Stored<ApiObject> | undefined) => boolean,
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const object = await readIfThere(options);
    if (done(object)) return;
    if (performance.now() >= deadline) {
      const ready = object === undefined ? undefined : conditionOf(object, 'Ready');
      const detail =
        ready === undefined ? '' : `; Ready is ${ready.status}: ${ready.reason}: ${ready.message}`;
      const label = `${options.definition.singular}/${options.name.name}`;
      throw new CliError(
        `${label}: timed out after ${options.timeoutMs / 1000} s${detail}`,
        EXIT_CODES.timedOut,
      );
    }
    await sleep(POLL_INTERVAL_MS, undefined, { signal: options.signal });
  }
}

async function readIfThere({
  client,
  definition,
  name,
  signal,
}: WaitForOptions): Promise<Stored<ApiObject> | undefined> {
  try {
    return await client.get<ApiObject>(definition, name, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A condition of an object that has conditions; undefined where it has none of this type. */
export function conditionOf(object: ApiObject, type: string): Condition | undefined {
  const status = object.status as { conditions?: readonly Condition[] } | undefined;
  return status?.conditions?.find((condition) => condition.type === type);
}
