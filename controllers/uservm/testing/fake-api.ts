import { ApiError, ApiUnreachableError } from '../../../api/client/index.ts';
import type { Stored } from '../../../crds/meta/meta.ts';
import type { StatusCommit } from '../../../crds/meta/status-commit.ts';
import type { UserVm } from '../../../crds/uservm/definition.ts';

/** One UserVM in an API server that checks resourceVersions and finalizers. */
export class FakeApi {
  #object: Stored<UserVm> | undefined;
  #revision = 1;
  writeCount = 0;
  /** `hung`: writes are done, and their answers lost. */
  #outage: 'none' | 'down' | 'hung' = 'none';
  #stale: Stored<UserVm> | undefined;
  /** Whether a watch by node shows it: it does not while the object names another node, or none. */
  isInSight = true;
  readonly events: { type: string; reason: string; message: string }[] = [];

  constructor(object: UserVm & { metadata: { name: string; uid: string } }) {
    this.#object = { ...object, metadata: { ...object.metadata, resourceVersion: '1' } };
  }

  get object(): Stored<UserVm> | undefined {
    return structuredClone(this.#object);
  }

  /** What a watch has brought so far: nothing new during an outage. */
  get cached(): Stored<UserVm> | undefined {
    if (!this.isInSight) return undefined;
    return this.#outage === 'none' ? this.object : structuredClone(this.#stale);
  }

  /** From now on this node's writes fail and its cache stands still; others may still write. */
  cutOff(outage: 'down' | 'hung'): void {
    this.#stale = this.object;
    this.#outage = outage;
  }

  reconnect(): void {
    this.#outage = 'none';
  }

  /** A user's write of the spec. */
  setSpec(spec: Partial<UserVm['spec']>): void {
    this.#write((object) => ({
      ...object,
      spec: { ...object.spec, ...spec },
      metadata: { ...object.metadata, generation: (object.metadata.generation ?? 1) + 1 },
    }));
  }

  /** The manager's write of what a rollout gives this VM. */
  assign(desiredImage: NonNullable<UserVm['status']>['desiredImage']): void {
    this.#write((object) => ({ ...object, status: { ...object.status, desiredImage } }));
  }

  /** A user's write that takes the field away. */
  removeRecycleRequest(): void {
    this.#write(({ spec: { recycleRequest: _, ...spec }, ...object }) => ({ ...object, spec }) as UserVm);
  }

  /** A user's delete. */
  delete(): void {
    this.#write((object) => ({
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }));
    this.#collect();
  }

  patch = async (mergePatch: Readonly<Record<string, unknown>>): Promise<Stored<UserVm>> => {
    if (this.#outage !== 'none') throw new ApiUnreachableError('PATCH', new Error('connection refused'));
    const metadata = mergePatch.metadata as { resourceVersion?: string; finalizers?: string[] };
    this.#check(metadata.resourceVersion);
    const answer = this.#write((object) => ({
      ...object,
      metadata: { ...object.metadata, finalizers: metadata.finalizers ?? [] },
    }));
    this.#collect();
    return answer;
  };

  commitStatus = async (commit: StatusCommit): Promise<Stored<UserVm>> => {
    if (this.#outage === 'down') throw new ApiUnreachableError('POST', new Error('connection refused'));
    this.#check(commit.metadata.resourceVersion);
    this.events.push(...commit.events);
    const written = this.#write((object) => ({
      ...object,
      status: commit.status as UserVm['status'] & object,
    }));
    if (this.#outage === 'hung') throw new ApiUnreachableError('POST', new Error('timed out'));
    return written;
  };

  #check(resourceVersion: string | undefined): void {
    if (this.#object === undefined) {
      throw new ApiError('write', { code: 404, reason: 'NotFound', message: 'not found' });
    }
    if (resourceVersion === undefined || resourceVersion === this.#object.metadata.resourceVersion) return;
    throw new ApiError('write', { code: 409, reason: 'Conflict', message: 'somebody else wrote' });
  }

  #write(change: (object: Stored<UserVm>) => UserVm): Stored<UserVm> {
    if (this.#object === undefined) throw new Error('the object is gone');
    this.#revision += 1;
    this.writeCount += 1;
    const next = change(structuredClone(this.#object)) as Stored<UserVm>;
    next.metadata = { ...next.metadata, resourceVersion: String(this.#revision) };
    this.#object = next;
    return structuredClone(next);
  }

  #collect(): void {
    const metadata = this.#object?.metadata;
    if (metadata?.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0) {
      this.#object = undefined;
    }
  }
}
