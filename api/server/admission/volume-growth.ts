import type { UserVm } from '../../../crds/uservm/definition.ts';
import { parseQuantity } from '../../../lib/quantity.ts';
import type { AdmissionRule } from './rule.ts';

/** A data volume holds the user's files: it may grow, never shrink. */
export const volumeGrowth: AdmissionRule = ({ definition, object, previous }) => {
  if (definition.kind !== 'UserVM' || previous === undefined) return [];
  const { size } = (object as UserVm).spec.dataVolume;
  const before = (previous as UserVm).spec.dataVolume.size;
  if (parseQuantity(size) >= parseQuantity(before)) return [];
  return [
    {
      field: 'spec.dataVolume.size',
      type: 'FieldValueInvalid',
      value: size,
      detail: `a data volume never shrinks: it has ${before}; ask for that or more`,
    },
  ];
};
