import { isDeepStrictEqual } from 'node:util';
import { type Change, isChange, type Received } from './change.ts';

/** What a watcher received, and what it should have received, in the order of the revisions. */
export interface Watched {
  readonly received: readonly Received[];
  readonly expected: readonly Change[];
}

type Property = (watched: Watched) => string | undefined;

const idOf = ({ revision, key }: Change) => `${key} at ${revision}`;

/** A bookmark promises that nothing at or below its revision is still to come. */
const bookmarkable: Property = ({ received, expected }) => {
  let count = 0;
  for (const item of received) {
    if (isChange(item)) count += 1;
    else {
      const due = expected.filter(({ revision }) => revision <= item.revision).length;
      if (count !== due) return `a bookmark at ${item.revision} after ${count} changes of ${due}`;
    }
  }
  return undefined;
};

/** Revisions never go back. */
const ordered: Property = ({ received }) => {
  let newest = 0;
  for (const { revision } of received) {
    if (revision < newest) return `${revision} after ${newest}`;
    newest = revision;
  }
  return undefined;
};

/** Nothing comes twice. */
const unique: Property = ({ received }) => {
  const seen = new Set<string>();
  for (const change of received.filter(isChange)) {
    if (seen.has(idOf(change))) return `${idOf(change)} twice`;
    seen.add(idOf(change));
  }
  return undefined;
};

/** What was done in one transaction comes together, and whole. */
const atomic: Property = ({ received, expected }) => {
  const due = Map.groupBy(expected, ({ revision }) => revision);
  const changes = received.filter(isChange);
  for (let at = 0; at < changes.length; ) {
    const revision = changes[at]?.revision ?? 0;
    let end = at;
    while (changes[end]?.revision === revision) end += 1;
    const size = due.get(revision)?.length ?? 0;
    if (end - at !== size) return `${end - at} changes of ${size} of ${revision} came together`;
    at = end;
  }
  return undefined;
};

/** Nothing is left out. */
const reliable: Property = ({ received, expected }) => {
  const seen = new Set(received.filter(isChange).map(idOf));
  const missing = expected.filter((change) => !seen.has(idOf(change)));
  return missing.length === 0 ? undefined : `${missing.length} are missing, first ${missing.map(idOf)[0]}`;
};

function firstDifference(
  { received, expected }: Watched,
  same: (one: Change, other: Change) => boolean,
): string | undefined {
  const due = new Map(expected.map((change) => [idOf(change), change]));
  for (const change of received.filter(isChange)) {
    const other = due.get(idOf(change));
    if (other === undefined || !same(change, other))
      return `${JSON.stringify(change)}, and it was ${JSON.stringify(other)}`;
  }
  return undefined;
}

/** What was there before is told: with every change where the layer has it, and as the object of a deletion. */
const prevKv: Property = (watched) =>
  firstDifference(
    watched,
    (one, other) =>
      isDeepStrictEqual(one.state, other.state) &&
      (one.previous === undefined || isDeepStrictEqual(one.previous, other.previous)),
  );

/** ADDED is what was not there before, MODIFIED what was. */
const isCreate: Property = (watched) => firstDifference(watched, (one, other) => one.type === other.type);

/** Nothing comes that was not asked for. */
const filter: Property = ({ received, expected }) => {
  const due = new Set(expected.map(idOf));
  const foreign = received.filter(isChange).find((change) => !due.has(idOf(change)));
  return foreign === undefined ? undefined : `${idOf(foreign)} was not asked for`;
};

/**
 * The properties of etcd's watch guarantees, by their names in its robustness tests; each tells what breaks it.
 * `Resumable` is a property of two watches and is tested with these of the second.
 * Source: etcd tests/robustness/validate/watch.go, etcd.io/docs/latest/learning/api_guarantees
 */
export const PROPERTIES: Readonly<Record<string, Property>> = {
  Bookmarkable: bookmarkable,
  Ordered: ordered,
  Unique: unique,
  Atomic: atomic,
  Reliable: reliable,
  PrevKV: prevKv,
  IsCreate: isCreate,
  Filter: filter,
};

/** What a watch of one side is told: entering is ADDED, leaving DELETED as it last was there. */
export function throughSide(changes: readonly Change[], side: string): readonly Change[] {
  return changes.flatMap((change): Change[] => {
    const was = change.previous?.side === side;
    const is = change.type !== 'DELETED' && change.state.side === side;
    if (is) return [{ ...change, type: was ? 'MODIFIED' : 'ADDED' }];
    return was && change.previous !== undefined
      ? [{ ...change, type: 'DELETED', state: change.previous }]
      : [];
  });
}
