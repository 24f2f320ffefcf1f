import { isDeepStrictEqual } from 'node:util';
import type { SandboxContainer, SandboxContainerSpec } from '../../../crds/sandboxcontainer/definition.ts';
import type { FieldError } from '../schema/structural.ts';
import type { AdmissionRule } from './rule.ts';

/**
 * Role job and the fields that go with it. As batch/v1 has it, a job says whether it is repeated in place, and what
 * it runs stays as it was created. Source: k8s.io/kubernetes/pkg/apis/batch/validation/validation.go
 */
export const containerJob: AdmissionRule = ({ definition, object, previous }) => {
  if (definition.kind !== 'SandboxContainer') return [];
  const { spec } = object as SandboxContainer;
  if (spec.role !== 'job') {
    if (spec.job === undefined) return [];
    return [
      { field: 'spec.job', type: 'FieldValueForbidden', detail: 'only a container of role job has it' },
    ];
  }
  const before = (previous as SandboxContainer | undefined)?.spec;
  // One that was stored before there was this rule may stay.
  if (before?.role === 'job' && before.restartPolicy === 'Always') return [];
  if (spec.restartPolicy === 'Always') {
    return [
      {
        field: 'spec.restartPolicy',
        type: 'FieldValueRequired',
        detail: 'valid values for a job: "OnFailure", "Never"',
      },
    ];
  }
  return before === undefined ? [] : changedFields(spec, before);
};

function changedFields(spec: SandboxContainerSpec, before: SandboxContainerSpec): FieldError[] {
  const fields = new Set([...Object.keys(spec), ...Object.keys(before)]) as Set<keyof SandboxContainerSpec>;
  return [...fields]
    .filter((field) => !MUTABLE.has(field) && !isDeepStrictEqual(spec[field], before[field]))
    .map((field) => ({
      field: `spec.${field}`,
      type: 'FieldValueInvalid',
      value: spec[field],
      detail:
        'field is immutable: a job runs what it was created with; create another one to run something else',
    }));
}

/** `job` may change; the other two are immutable for every role, and told so elsewhere. */
const MUTABLE: ReadonlySet<string> = new Set(['job', 'vmRef', 'role']);
