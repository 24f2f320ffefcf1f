import { isDeepStrictEqual } from 'node:util';
import type { ApiClient } from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';

export interface StatusCommitterOptions {
  readonly client: Pick<ApiClient, 'commitStatus'>;
  /** e.g. `holt-manager`. */
  readonly reportingComponent: string;
  /** e.g. the node's name. */
  readonly reportingInstance: string;
}

/** The one writer of statuses: called once, at the end of a reconcile. */
export class StatusCommitter {
  readonly #options: StatusCommitterOptions;

  constructor(options: StatusCommitterOptions) {
    this.#options = options;
  }

  /**
   * Writes a status and the events that explain it in one transaction; writes nothing when the status is equal
   * and there are no events. Returns the object as it is then.
   * @param object as it was read: its UID and resourceVersion are preconditions
   * @throws ApiError: a conflict when somebody else wrote since (let it through: the controller looks again)
   */
  async commit<T extends ApiObject>(
    definition: ResourceDefinition,
    object: Stored<T>,
    newStatus: Readonly<Record<string, unknown>>,
    events: readonly LifecycleEvent[] = [],
    signal?: AbortSignal,
  ): Promise<Stored<T>> {
    const status = withoutUndefined(newStatus);
    if (events.length === 0 && isDeepStrictEqual(status, withoutUndefined(object.status ?? {})))
      return object;
    const { namespace, name, uid, resourceVersion } = object.metadata;
    return this.#options.client.commitStatus<T>(
      definition,
      { namespace, name },
      {
        apiVersion: 'holt.dev/v1alpha1',
        kind: 'StatusCommit',
        metadata: { uid, resourceVersion },
        status,
        events: events.map((event) => ({ ...event, message: event.message.slice(0, 1024) })),
        reportingComponent: this.#options.reportingComponent,
        reportingInstance: this.#options.reportingInstance,
      },
      { signal },
    );
  }
}

/** As it will be after its way through JSON, so that it compares with what came from there. */
function withoutUndefined(status: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(status));
}
