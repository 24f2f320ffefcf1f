import { isDeepStrictEqual } from 'node:util';
import type { ConfigMap } from '../../../crds/configmap/definition.ts';
import type { Secret } from '../../../crds/secret/definition.ts';
import { checkConfigKey } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, forbiddenValue, invalidValue } from './errors.ts';
import type { AdmissionRule } from './rule.ts';

/** The most that a ConfigMap or a Secret holds. Source: MaxSecretSize in k8s.io/api/core/v1/types.go */
const DATA_BYTES_MAX = 1024 * 1024;

const IMMUTABLE = 'field is immutable when `immutable` is set';

type Data = Readonly<Record<string, string>>;

function keyErrors(field: string, data: Data = {}): FieldError[] {
  return Object.keys(data).flatMap((key) => checked(`${field}[${key}]`, key, checkConfigKey(key)));
}

function sizeErrors(field: string, texts: Data = {}, base64: Data = {}): FieldError[] {
  let bytes = 0;
  for (const text of Object.values(texts)) bytes += Buffer.byteLength(text);
  for (const text of Object.values(base64)) bytes += Buffer.byteLength(text, 'base64');
  if (bytes <= DATA_BYTES_MAX) return [];
  return [{ field, type: 'FieldValueTooLong', detail: `may not be more than ${DATA_BYTES_MAX} bytes` }];
}

/** What was declared immutable stays, and so does the declaration. */
function immutableErrors(
  object: ConfigMap | Secret,
  previous: ConfigMap | Secret,
  fields: readonly string[],
): FieldError[] {
  if (previous.immutable !== true) return [];
  const changed = fields.filter((field) => !isDeepStrictEqual(object[field] ?? {}, previous[field] ?? {}));
  return [...(object.immutable === true ? [] : ['immutable']), ...changed].map((field) =>
    forbiddenValue(field, IMMUTABLE),
  );
}

function configMapErrors(configMap: ConfigMap, previous: ConfigMap | undefined): FieldError[] {
  const { data, binaryData } = configMap;
  const twice = Object.keys(data ?? {})
    .filter((key) => Object.hasOwn(binaryData ?? {}, key))
    .map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  return [
    ...(previous === undefined ? [] : immutableErrors(configMap, previous, ['data', 'binaryData'])),
    ...keyErrors('data', data),
    ...twice,
    ...keyErrors('binaryData', binaryData),
    // Upstream names the whole object so.
    ...sizeErrors('[]', data, binaryData),
  ];
}

function secretErrors(secret: Secret, previous: Secret | undefined): FieldError[] {
  return [
    ...(previous === undefined || previous.type === secret.type
      ? []
      : [invalidValue('type', secret.type, 'field is immutable')]),
    ...(previous === undefined ? [] : immutableErrors(secret, previous, ['data'])),
    ...keyErrors('data', secret.data),
    ...sizeErrors('data', {}, secret.data),
  ];
}

/** Keys, size and immutability of ConfigMaps and Secrets. Source: kubernetes pkg/apis/core/validation/validation.go */
export const configData: AdmissionRule = ({ definition, object, previous }) => {
  if (!definition.builtIn) return [];
  if (definition.kind === 'ConfigMap')
    return configMapErrors(object as ConfigMap, previous as ConfigMap | undefined);
  return definition.kind === 'Secret' ? secretErrors(object as Secret, previous as Secret | undefined) : [];
};
