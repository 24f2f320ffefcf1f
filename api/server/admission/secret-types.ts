import { isRecord } from '../../../crds/generate/json-record.ts';
import { SECRET_TYPES, type Secret } from '../../../crds/secret/definition.ts';
import type { FieldError } from '../schema/structural.ts';
import { invalidValue, required } from './errors.ts';
import type { AdmissionRule } from './rule.ts';

const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';

function missing({ data }: Secret, keys: readonly string[]): string[] {
  return keys.filter((key) => !Object.hasOwn(data ?? {}, key));
}

/** A registry configuration is JSON; what is in it is never repeated. */
function jsonErrors(secret: Secret, key: string): FieldError[] {
  const base64 = secret.data?.[key];
  if (base64 === undefined) return [required(`data[${key}]`)];
  try {
    if (isRecord(JSON.parse(Buffer.from(base64, 'base64').toString()))) return [];
  } catch {
    // Said below: JSON that is no object is just as unfit.
  }
  return [invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be a JSON object')];
}

function typeErrors(secret: Secret): FieldError[] {
  switch (secret.type) {
    case SECRET_TYPES.serviceAccountToken:
      return (secret.metadata.annotations?.[SERVICE_ACCOUNT_NAME] ?? '') === ''
        ? [required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`)]
        : [];
    case SECRET_TYPES.dockercfg:
      return jsonErrors(secret, '.dockercfg');
    case SECRET_TYPES.dockerConfigJson:
      return jsonErrors(secret, '.dockerconfigjson');
    case SECRET_TYPES.basicAuth: {
      const keys = missing(secret, ['username', 'password']);
      return keys.length < 2 ? [] : keys.map((key) => required(`data[${key}]`));
    }
    case SECRET_TYPES.sshAuth:
      return (secret.data?.['ssh-privatekey'] ?? '') === '' ? [required('data[ssh-privatekey]')] : [];
    case SECRET_TYPES.tls:
      return missing(secret, ['tls.crt', 'tls.key']).map((key) => required(`data[${key}]`));
    default:
      return [];
  }
}

/** A Secret of a well-known type has what the type promises. Source: ValidateSecret in kubernetes pkg/apis/core/validation */
export const secretTypes: AdmissionRule = ({ definition, object }) =>
  definition.builtIn && definition.kind === 'Secret' ? typeErrors(object as Secret) : [];
