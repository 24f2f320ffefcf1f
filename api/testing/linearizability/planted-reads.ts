import { altered, everyNth } from './altered-client.ts';
import type { LeaseClient, Outcome, Seen, SeenList } from './operation.ts';

/** A replica that lags: it answers what it answered some time ago. */
export const plantedStaleRead = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    const old = new Map<string, Seen>();
    const due = everyNth(4);
    return {
      get: async (key) => {
        const outcome = await real.get(key);
        const before = old.get(key);
        if (outcome.kind !== 'seen') return outcome;
        if (before !== undefined && due()) return { kind: 'seen', seen: before };
        if (before === undefined) old.set(key, outcome.seen);
        return outcome;
      },
    };
  });

/** What was deleted is still read. */
export const plantedResurrect = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    const known = new Map<string, Seen>();
    return {
      get: async (key) => {
        const outcome = await real.get(key);
        if (outcome.kind === 'seen') known.set(key, outcome.seen);
        const before = known.get(key);
        return outcome.kind === 'refused' && before !== undefined ? { kind: 'seen', seen: before } : outcome;
      },
    };
  });

/** A list whose revision, and content, is that of an earlier one. */
export const plantedRevisionBack = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    const due = everyNth(3);
    let first: Outcome | undefined;
    return {
      list: async () => {
        const outcome = await real.list();
        if (outcome.kind === 'list') first ??= outcome;
        return first !== undefined && due() ? first : outcome;
      },
    };
  });

/** A read of what was never committed. */
export const plantedDirtyRead = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    let uncommitted = 'none';
    return {
      dryRun: (key, token) => {
        uncommitted = token;
        return real.dryRun(key, token);
      },
      get: async (key) => {
        const outcome = await real.get(key);
        if (outcome.kind !== 'seen' || uncommitted === 'none') return outcome;
        const content = { ...outcome.seen.content, written: uncommitted };
        return { kind: 'seen', seen: { ...outcome.seen, content } };
      },
    };
  });

/** A list whose second half is younger than its first. */
export const plantedTornList = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    let before: SeenList | undefined;
    return {
      list: async () => {
        const outcome = await real.list();
        if (outcome.kind !== 'list') return outcome;
        const { list } = outcome;
        const older = before;
        before = list;
        if (older === undefined) return outcome;
        const cut = Math.ceil(older.items.length / 2);
        const first = older.items.slice(0, cut);
        const last = first.at(-1)?.key ?? '';
        const items = [...first, ...list.items.filter(({ key }) => key > last)];
        return { kind: 'list', list: { revision: list.revision, items } };
      },
    };
  });

/** A list that leaves an object out. */
export const plantedShortList = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => ({
    list: async () => {
      const outcome = await real.list();
      if (outcome.kind !== 'list') return outcome;
      return { kind: 'list', list: { ...outcome.list, items: outcome.list.items.slice(1) } };
    },
  }));

/** A refusal without a cause: the object is there. */
export const plantedFalseNotFound = (client: LeaseClient): LeaseClient =>
  altered(client, (real) => {
    const due = everyNth(10);
    return {
      get: async (key) => (due() ? { kind: 'refused', reason: 'NotFound' } : real.get(key)),
    };
  });
