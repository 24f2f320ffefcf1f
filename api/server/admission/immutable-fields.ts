import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../../crds/generate/json-record.ts';
import type { AdmissionRule } from './rule.ts';

function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.split('.')) value = isRecord(value) ? value[part] : undefined;
  return value;
}

/** The definition's immutable fields keep the value that they were created with. */
export const immutableFields: AdmissionRule = ({ definition, object, previous }) => {
  if (previous === undefined) return [];
  return definition.immutableFields
    .filter((field) => !isDeepStrictEqual(valueAt(object, field), valueAt(previous, field)))
    .map((field) => ({
      field,
      type: 'FieldValueInvalid',
      value: valueAt(object, field),
      detail: `field is immutable: it was ${JSON.stringify(valueAt(previous, field))}; delete the object and create it anew to change it`,
    }));
};
