import { ApiError } from '../../../api/client/index.ts';
import type { Lease } from '../../../crds/lease/definition.ts';
import type { Stored } from '../../../crds/meta/meta.ts';
import type { LeaderElectionOptions } from '../leader-election.ts';

/** A fake of one Lease with optimistic concurrency; each candidate gets its own client, whose link can be cut. */
export class FakeLeases {
  lease: Stored<Lease> | undefined;
  #revision = 0;

  client(link: { isCut: boolean } = { isCut: false }): LeaderElectionOptions['client'] {
    const check = () => {
      if (link.isCut) throw new Error('link is cut');
    };
    return {
      get: async () => {
        check();
        if (this.lease === undefined) throw new ApiError('GET lease', { code: 404, reason: 'NotFound' });
        return structuredClone(this.lease) as never;
      },
      create: async (_definition, object) => {
        check();
        if (this.lease !== undefined)
          throw new ApiError('POST lease', { code: 409, reason: 'AlreadyExists' });
        return this.#store(object as unknown as Lease) as never;
      },
      update: async (_definition, object) => {
        check();
        if (this.lease?.metadata.resourceVersion !== object.metadata.resourceVersion) {
          throw new ApiError('PUT lease', { code: 409, reason: 'Conflict' });
        }
        return this.#store(object as unknown as Lease) as never;
      },
    };
  }

  #store(lease: Lease): Stored<Lease> {
    this.#revision += 1;
    const metadata = {
      ...lease.metadata,
      name: 'manager',
      uid: 'l1',
      resourceVersion: String(this.#revision),
    };
    this.lease = structuredClone({ ...lease, metadata });
    return structuredClone(this.lease);
  }
}
