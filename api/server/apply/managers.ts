import type { FieldSet } from './field-set.ts';

/** What one manager owns, and in which API version it said so. */
export interface ManagedSet {
  readonly set: FieldSet;
  readonly apiVersion: string;
  /** By Apply; else by Update. */
  readonly applied: boolean;
}

/** What each manager owns, by the manager's identifier. */
export type Managers = ReadonlyMap<string, ManagedSet>;

/** The fields that an applier may not change without force, by manager. */
export class ConflictError extends Error {
  readonly conflicts: ReadonlyMap<string, FieldSet>;

  constructor(conflicts: ReadonlyMap<string, FieldSet>) {
    super('conflicts with other managers');
    this.name = 'ConflictError';
    this.conflicts = conflicts;
  }
}
