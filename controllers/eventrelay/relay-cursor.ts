import { type ApiClient, isNotFound } from '../../api/client/index.ts';
import { type ConfigMap, configMapDefinition } from '../../crds/configmap/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatTime } from '../runtime/index.ts';
import { parseRevision } from './revision.ts';

export const CURSOR_NAMESPACE = 'kube-system';

/** A process that stops waits for it. */
const SAVE_TIMEOUT_MS = 5_000;

export interface RelayCursorOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'update'>;
  /** Of the ConfigMap in kube-system. */
  readonly name: string;
  /** Who relays; unique a process. */
  readonly holder: string;
  readonly clock: Clock;
}

/**
 * The revision up to which everything was relayed, in a ConfigMap. Each write holds only if nobody else wrote
 * since: a relay that no longer leads, and doesn't know it yet, is stopped by the first write of the one that does.
 */
export class RelayCursor {
  readonly #options: RelayCursorOptions;
  #held: Stored<ConfigMap> | undefined;

  constructor(options: RelayCursorOptions) {
    this.#options = options;
  }

  /**
   * Takes the cursor from whoever had it. Resolves to its revision; undefined where there is none.
   * @throws ApiError, ApiUnreachableError
   */
  async claim(signal: AbortSignal): Promise<number | undefined> {
    const { client, name } = this.#options;
    const stored = await readCursor(client, name, signal);
    const revision = stored && revisionOf(stored);
    const data = this.#dataOf(revision);
    this.#held =
      stored === undefined
        ? await client.create<ConfigMap>(configMapDefinition, cursorObject(name, data), { signal })
        : await client.update<ConfigMap>(configMapDefinition, { ...stored, data }, { signal });
    return revision;
  }

  /**
   * Says that everything up to the revision is on its way's end.
   * @throws ApiError a conflict when another relay took the cursor; ApiUnreachableError when it may be saved or not
   */
  async save(revision: number): Promise<void> {
    if (this.#held === undefined) throw new Error('a cursor is claimed before it is saved');
    const next = { ...this.#held, data: this.#dataOf(revision) };
    const timeoutMs = SAVE_TIMEOUT_MS;
    this.#held = await this.#options.client.update<ConfigMap>(configMapDefinition, next, { timeoutMs });
  }

  #dataOf(revision: number | undefined): Record<string, string> {
    const { holder, clock } = this.#options;
    return {
      holder,
      savedAt: formatTime(clock.nowMs()),
      ...(revision === undefined ? {} : { revision: String(revision) }),
    };
  }
}

/** Reads a cursor without taking it. @returns the revision; undefined where there is none or none that can be read */
export async function readRelayedRevision(
  client: Pick<ApiClient, 'get'>,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const stored = await readCursor(client, name, signal);
  return stored && revisionOf(stored);
}

async function readCursor(
  client: Pick<ApiClient, 'get'>,
  name: string,
  signal: AbortSignal,
): Promise<Stored<ConfigMap> | undefined> {
  try {
    const where = { namespace: CURSOR_NAMESPACE, name };
    return await client.get<ConfigMap>(configMapDefinition, where, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A cursor that somebody broke counts as none: all that is stored is relayed again, and said to be. */
function revisionOf({ data }: ConfigMap): number | undefined {
  try {
    return parseRevision(data?.revision ?? '');
  } catch {
    return undefined;
  }
}

function cursorObject(name: string, data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: CURSOR_NAMESPACE, name }, data };
}
