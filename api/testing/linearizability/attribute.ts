import type { Anomaly, AnomalyKind } from './anomaly.ts';
import { contentAfter, type Operation, sameContent } from './operation.ts';
import type { LogEntry } from './store-log.ts';

/** Which operation made which change, and what is wrong with it. */
export interface Attribution {
  /** The revision at which an operation took place. */
  readonly revisionOf: ReadonlyMap<Operation, number>;
  readonly anomalies: readonly Anomaly[];
}

/** The token that a change brought; undefined where it brought none, or several. */
function tokenOf({ content, previousContent }: LogEntry): string | undefined {
  const tokens = Object.keys(content)
    .filter((name) => content[name] !== previousContent[name])
    .map((name) => content[name]);
  return tokens.length === 1 ? tokens[0] : undefined;
}

class Attributor {
  readonly revisionOf = new Map<Operation, number>();
  readonly anomalies: Anomaly[] = [];
  readonly #byToken: ReadonlyMap<string, Operation>;
  readonly #deletes: readonly Operation[];
  readonly #deleteByUid = new Map<string, Operation>();

  constructor(operations: readonly Operation[]) {
    this.#byToken = new Map(operations.filter(({ token }) => token !== '').map((each) => [each.token, each]));
    this.#deletes = operations
      .filter(({ kind }) => kind === 'delete')
      .toSorted((one, other) => one.callMs - other.callMs);
    for (const operation of this.#deletes) {
      const { outcome } = operation;
      if (outcome.kind !== 'deleted') continue;
      if (this.#deleteByUid.has(outcome.uid))
        this.#add('duplicate-write', `${operation.key}: ${outcome.uid} was deleted for two clients`);
      this.#deleteByUid.set(outcome.uid, operation);
    }
  }

  put(entry: LogEntry): void {
    const at = `${entry.key} at ${entry.revision}`;
    const token = tokenOf(entry);
    const operation = token === undefined ? undefined : this.#byToken.get(token);
    if (operation === undefined) {
      this.#add('phantom-write', `${at}: ${JSON.stringify(entry.content)} was written by no operation`);
      return;
    }
    const { kind, outcome } = operation;
    if (kind === 'dryRun' || outcome.kind === 'refused' || outcome.kind === 'unsent') {
      this.#add('phantom-write', `${at}: ${token} of a ${kind} that ended "${outcome.kind}" stands there`);
      return;
    }
    if (this.revisionOf.has(operation)) {
      this.#add('duplicate-write', `${at}: ${token} was written twice`);
      return;
    }
    this.revisionOf.set(operation, entry.revision);
    this.#checkPut(entry, operation, at);
  }

  #checkPut(entry: LogEntry, operation: Operation, at: string): void {
    const { kind, token, outcome, basedOn } = operation;
    if (outcome.kind === 'seen' && outcome.seen.revision !== entry.revision)
      this.#add('dirty-read', `${at}: ${token} was told to be at ${outcome.seen.revision}`);
    if (kind === 'create' && entry.previousRevision !== 0)
      this.#add('duplicate-write', `${at}: create ${token} of what was there at ${entry.previousRevision}`);
    if (kind === 'update' && entry.previousRevision !== basedOn)
      this.#add('lost-update', `${at}: ${token} saw ${basedOn}, and replaced ${entry.previousRevision}`);
    const expected = contentAfter(operation, entry.previousContent);
    if (entry.key !== operation.key || !sameContent(expected, entry.content))
      this.#add('lost-update', `${at}: ${token} made ${JSON.stringify(entry.content)}`);
  }

  /**
   * A deletion is known by the UID that its client was told. One that no client was told of is that of the earliest
   * delete of unknown outcome: all of them may take place at any time after their call, so that none fits better.
   */
  delete(entry: LogEntry): void {
    const operation =
      this.#deleteByUid.get(entry.uid) ??
      this.#deletes.find(
        (each) => each.outcome.kind === 'unknown' && each.key === entry.key && !this.revisionOf.has(each),
      );
    if (operation === undefined)
      this.#add('phantom-write', `${entry.key} at ${entry.revision}: deleted by no operation`);
    else this.revisionOf.set(operation, entry.revision);
  }

  /** Acknowledged writes must be in the log. */
  checkAcknowledged(operations: readonly Operation[]): void {
    for (const operation of operations) {
      const { kind, key, token, outcome } = operation;
      const isWrite = kind === 'create' || kind === 'update' || kind === 'patch';
      const isAcknowledged = (isWrite && outcome.kind === 'seen') || outcome.kind === 'deleted';
      if (isAcknowledged && !this.revisionOf.has(operation))
        this.#add('lost-write', `${key}: acknowledged ${kind} ${token} is not in the store's history`);
    }
  }

  #add(kind: AnomalyKind, detail: string): void {
    this.anomalies.push({ kind, detail });
  }
}

/** Finds the operation behind every change of the store, and the change behind every acknowledged write. */
export function attribute(operations: readonly Operation[], log: readonly LogEntry[]): Attribution {
  const attributor = new Attributor(operations);
  for (const entry of log) {
    if (entry.type === 'put') attributor.put(entry);
    else attributor.delete(entry);
  }
  attributor.checkAcknowledged(operations);
  return attributor;
}
