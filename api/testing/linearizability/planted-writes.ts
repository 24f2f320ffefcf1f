import { altered, everyNth } from './altered-client.ts';
import type { LeaseClient } from './operation.ts';

/** An update that is compared with nothing: it overwrites what its writer never saw. */
export const plantedLostUpdate = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => ({
    update: async (seen, token) => {
      const outcome = await real.update(seen, token);
      if (outcome.kind !== 'refused' || outcome.reason !== 'Conflict') return outcome;
      const now = await real.get(seen.key);
      return now.kind === 'seen' ? real.update(now.seen, token) : now;
    },
  }));

/** An acknowledged write that was never stored. */
export const plantedLostWrite = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    const due = everyNth(3);
    return {
      patch: async (key, token) => {
        if (!due()) return real.patch(key, token);
        const outcome = await real.get(key);
        if (outcome.kind !== 'seen') return outcome;
        const { seen } = outcome;
        return { kind: 'seen', seen: { ...seen, revision: seen.revision + 1 } };
      },
    };
  });

/** A create that finds the object and says that it made it. */
export const plantedDuplicateCreate = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => ({
    create: async (key, token) => {
      const outcome = await real.create(key, token);
      if (outcome.kind !== 'refused' || outcome.reason !== 'AlreadyExists') return outcome;
      return real.get(key);
    },
  }));

/** The write was refused, and carried out. */
export const plantedPhantomWrite = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => ({
    update: async (seen, token) => {
      const outcome = await real.update(seen, token);
      if (outcome.kind === 'refused' && outcome.reason === 'Conflict') await real.patch(seen.key, token);
      return outcome;
    },
  }));

/** A dry run that others can read: it was carried out. */
export const plantedDryRunWrite = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => ({ dryRun: (key, token) => real.create(key, token) }));

/** A delete that is acknowledged and not carried out. */
export const plantedLostDelete = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => ({
    delete: async (key) => {
      const outcome = await real.get(key);
      return outcome.kind === 'seen' ? { kind: 'deleted', uid: outcome.seen.uid } : outcome;
    },
  }));

/** A delete of one object that is acknowledged to two clients. */
export const plantedDoubleDelete = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    const deleted = new Map<string, string>();
    return {
      delete: async (key) => {
        const outcome = await real.delete(key);
        if (outcome.kind === 'deleted') deleted.set(key, outcome.uid);
        const uid = deleted.get(key);
        return outcome.kind === 'refused' && uid !== undefined ? { kind: 'deleted', uid } : outcome;
      },
    };
  });
