import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { FieldError } from '../schema/structural.ts';

export interface AdmissionInput {
  readonly definition: ResourceInfo;
  /** Validated, defaulted. */
  readonly object: ApiObject;
  /** What it replaces; undefined on create. */
  readonly previous: ApiObject | undefined;
}

/** A check that the schema cannot express. Pure: it sees this object alone. */
export type AdmissionRule = (input: AdmissionInput) => readonly FieldError[];
