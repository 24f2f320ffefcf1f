import type { Anomaly, AnomalyKind } from './anomaly.ts';
import { attribute } from './attribute.ts';
import { type Operation, type SeenList, sameContent } from './operation.ts';
import type { LogEntry } from './store-log.ts';
import { Timeline } from './timeline.ts';

export interface History {
  readonly operations: readonly Operation[];
  /** All changes of the store while the operations ran, in order. */
  readonly log: readonly LogEntry[];
}

/** A list must be the store at the revision that it names. */
function tornDetail({ revision, items }: SeenList, timeline: Timeline): string | undefined {
  const objects = timeline.objectsAt(revision);
  for (const item of items) {
    const object = objects.get(item.key);
    const isSame =
      object !== undefined &&
      object.revision === item.revision &&
      object.uid === item.uid &&
      sameContent(object.content, item.content);
    if (!isSame)
      return `at ${revision}: holds ${item.key} of ${item.revision}, the store had ${object?.revision ?? 'none'}`;
  }
  const names = new Set(items.map(({ key }) => key));
  const missing = [...objects.keys()].filter((key) => !names.has(key));
  if (missing.length > 0) return `at ${revision}: lacks ${missing.join(', ')}`;
  return names.size === items.length ? undefined : `at ${revision}: holds an object twice`;
}

/**
 * Decides whether there is one order of all operations that explains every answer, keeps every operation between
 * its call and its return, and has the writes in the order of their revisions.
 *
 * The revision axis is that order: a write stands at its revision, a read somewhere in the span in which what it
 * saw stood, a refusal somewhere in a span that explains it. An operation that was called after another returned
 * must not stand before it. These bounds are all lower bounds, so giving each operation, in the order of the
 * calls, the lowest place that it may have finds an order if there is one.
 */
class Checker {
  readonly #timeline: Timeline;
  readonly #revisionOf: ReadonlyMap<Operation, number>;
  readonly anomalies: Anomaly[] = [];

  constructor({ operations, log }: History) {
    this.#timeline = new Timeline(log);
    const { revisionOf, anomalies } = attribute(operations, log);
    this.#revisionOf = revisionOf;
    this.anomalies.push(...anomalies);
    this.#checkAnswers(operations);
    this.#checkTime(operations);
  }

  #add(kind: AnomalyKind, detail: string): void {
    this.anomalies.push({ kind, detail });
  }

  /** What was read must have stood in the store. */
  #checkAnswers(operations: readonly Operation[]): void {
    for (const { kind, key, outcome } of operations) {
      if (outcome.kind === 'defect')
        this.#add('defect', `${kind} ${key}: ${outcome.code} ${outcome.message}`);
      if (outcome.kind === 'list') {
        const torn = tornDetail(outcome.list, this.#timeline);
        if (torn !== undefined) this.#add('torn-list', `${kind} ${torn}`);
      }
      if (kind === 'dryRun' || outcome.kind !== 'seen') continue;
      const { seen } = outcome;
      if (seen.key !== key || this.#timeline.spanOf(seen) === undefined)
        this.#add('dirty-read', `${kind} ${key} saw ${JSON.stringify(seen)}, which the store never held`);
    }
  }

  /** The lowest revision from `bound` on at which an operation can have taken place; undefined: none. */
  #placeOf(operation: Operation, bound: number): number | undefined {
    const { kind, key, outcome, basedOn } = operation;
    const written = this.#revisionOf.get(operation);
    if (written !== undefined) return written > bound ? written : undefined;
    if (outcome.kind === 'list') return outcome.list.revision >= bound ? outcome.list.revision : undefined;
    if (outcome.kind === 'seen' && kind === 'get') {
      const span = this.#timeline.spanOf(outcome.seen);
      return span === undefined || bound < span.to ? Math.max(bound, span?.from ?? 0) : undefined;
    }
    if (outcome.kind !== 'refused') return bound;
    switch (outcome.reason) {
      case 'AlreadyExists':
        return this.#timeline.firstFrom(key, bound, ({ entry }) => entry !== undefined);
      case 'NotFound':
        return this.#timeline.firstFrom(key, bound, ({ entry }) => entry === undefined);
      case 'Conflict':
        return this.#timeline.firstFrom(
          key,
          bound,
          ({ entry, from }) => kind !== 'update' || (entry !== undefined && from !== basedOn),
        );
    }
  }

  #checkTime(operations: readonly Operation[]): void {
    const placed = operations.filter(({ kind }) => kind !== 'cachedList' && kind !== 'dryRun');
    const byReturn = placed.toSorted((one, other) => one.returnMs - other.returnMs);
    const places = new Map<Operation, number>();
    let next = 0;
    let bound = 0;
    for (const operation of placed.toSorted((one, other) => one.callMs - other.callMs)) {
      for (let before = byReturn[next]; before !== undefined; before = byReturn[next]) {
        if (before.returnMs >= operation.callMs) break;
        // What may not have happened binds nobody.
        if (before.outcome.kind !== 'unknown') bound = Math.max(bound, places.get(before) ?? 0);
        next += 1;
      }
      const place = this.#placeOf(operation, bound);
      if (place === undefined) {
        const { kind, key, client, outcome } = operation;
        this.#add(
          'stale',
          `client ${client}: ${kind} ${key} answered ${JSON.stringify(outcome)} after revision ${bound} was seen`,
        );
      }
      places.set(operation, place ?? bound);
    }
  }
}

/** All that is wrong with a history; empty: it is linearizable. */
export function checkHistory(history: History): readonly Anomaly[] {
  return new Checker(history).anomalies;
}
