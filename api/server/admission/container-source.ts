import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import type { FieldError } from '../schema/structural.ts';
import type { AdmissionRule } from './rule.ts';

/** A container runs either a closure of the guest image, with a command, or an OCI image, and not after itself. */
export const containerSource: AdmissionRule = ({ definition, object }) => {
  if (definition.kind !== 'SandboxContainer') return [];
  const { spec } = object as SandboxContainer;
  const { source, command } = spec;
  const errors: FieldError[] = [];
  if ((source.closure === undefined) === (source.image === undefined)) {
    errors.push({
      field: 'spec.source',
      type: 'FieldValueInvalid',
      value: source,
      detail: 'exactly one of closure and image must be given',
    });
  }
  if (source.closure !== undefined && command === undefined) {
    errors.push({
      field: 'spec.command',
      type: 'FieldValueRequired',
      detail: 'a closure has no command of its own: say which program to run',
    });
  }
  for (const [index, dependency] of (spec.dependsOn ?? []).entries()) {
    if (dependency.name !== object.metadata.name) continue;
    errors.push({
      field: `spec.dependsOn[${index}].name`,
      type: 'FieldValueInvalid',
      value: dependency.name,
      detail: 'a container cannot wait for itself',
    });
  }
  return errors;
};
