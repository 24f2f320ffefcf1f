import type { UserVm } from '../../../crds/uservm/definition.ts';
import { parseQuantity } from '../../../lib/quantity.ts';
import type { AdmissionRule } from './rule.ts';

/**
 * A data volume holds the user's files: it may grow, never shrink. What counts is the volume that is there, not what
 * was asked for: a size that could not be had can be taken back.
 */
export const volumeGrowth: AdmissionRule = ({ definition, object, previous }) => {
  if (definition.kind !== 'UserVM' || previous === undefined) return [];
  const { size } = (object as UserVm).spec.dataVolume;
  const stored = previous as UserVm;
  const sizeBytes = stored.status?.dataVolume?.sizeBytes ?? 0;
  if (parseQuantity(size) >= Math.min(sizeBytes, parseQuantity(stored.spec.dataVolume.size))) return [];
  return [
    {
      field: 'spec.dataVolume.size',
      type: 'FieldValueInvalid',
      value: size,
      detail: `a data volume never shrinks: it has ${sizeBytes} bytes; ask for that or more`,
    },
  ];
};
