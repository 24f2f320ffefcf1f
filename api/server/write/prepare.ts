import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { HOLT_GROUP, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { newTraceparent, TRACEPARENT_ANNOTATION } from '../../../lib/telemetry.ts';
import { admit } from '../admission/admission.ts';
import { checkWriter } from '../auth/check-write.ts';
import { isCrdKind } from '../customresources/crd-object.ts';
import { defaultCrd, finishCrd } from '../customresources/prepare-crd.ts';
import { badRequest, invalid } from '../http/errors.ts';
import type { StatusError } from '../http/status-error.ts';
import { paramAccessErrors } from '../policy/param-access.ts';
import type { FieldError } from '../schema/field-error.ts';
import { normalize } from './normalize.ts';
import type { WriteRequest } from './write-request.ts';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Longest value that is repeated to the client; a message is for reading. */
const SHOWN_LENGTH_MAX = 256;

/** A value as it is named in a message. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}...`;
}

/** Source: ValidateTypeMeta in k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go */
function otherType({ resource, name }: WriteRequest, object: JsonRecord, kind: string): StatusError {
  const { definition } = resource;
  const differs = (field: 'kind' | 'apiVersion', wanted: string): FieldError[] =>
    object[field] === wanted
      ? []
      : [{ field, type: 'FieldValueInvalid', value: shown(object[field]), detail: `must be ${wanted}` }];
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  return invalid({ ...definition, kind: shown(kind) }, name || shown(metadata.name ?? ''), [
    ...differs('kind', definition.kind),
    ...differs('apiVersion', resource.apiVersion),
  ]);
}

/** What upstream says of an object of another kind or version: a patch's is one of the kind, else it is not decoded. */
function typeMismatch(request: WriteRequest, object: JsonRecord): StatusError {
  const { definition, apiVersion: expected } = request.resource;
  const { apiVersion, kind } = object;
  const isNamed = typeof kind === 'string' && kind !== '';
  if (isNamed && !definition.builtIn && (request.isPatch === true || apiVersion === expected))
    return otherType(request, object, kind);
  if (isNamed && apiVersion !== expected) {
    return badRequest(
      `the API version in the data (${shown(apiVersion ?? '')}) does not match the expected API version (${expected})`,
    );
  }
  return badRequest(
    `the object provided is unrecognized (apiVersion ${JSON.stringify(apiVersion)}, kind ${JSON.stringify(kind)}): this URL takes ${expected}, Kind=${definition.kind}`,
  );
}

/**
 * The object must be of the kind and the place that the URL names.
 * @throws StatusError 400 saying what differs, 422 for another kind in a custom object
 */
export function checkIdentity(request: WriteRequest, object: JsonRecord): void {
  const { definition } = request.resource;
  const { apiVersion, kind } = object;
  if (apiVersion !== request.resource.apiVersion || kind !== definition.kind)
    throw typeMismatch(request, object);
  const metadata = (object.metadata ?? {}) as Readonly<Record<string, unknown>>;
  const { name, namespace } = metadata;
  if (request.name !== '' && name !== undefined && name !== '' && name !== request.name) {
    throw badRequest(
      `the name of the object (${shown(name)}) does not match the name on the URL (${request.name})`,
    );
  }
  if (
    request.namespace !== undefined &&
    namespace !== undefined &&
    namespace !== '' &&
    namespace !== request.namespace
  ) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/**
 * Prunes, defaults, validates, and asks the admission rules.
 * @returns a copy that may be stored
 * @throws StatusError 422 naming each wrong field, 400 for unknown fields under Strict, 403 for what the writer may not
 */
export function validated(
  request: WriteRequest,
  object: JsonRecord,
  previous: ApiObject | undefined,
): { object: ApiObject; warnings: readonly string[] } {
  const { definition, schema } = request.resource;
  const isCrd = isCrdKind(definition);
  const result = schema.validate(isCrd ? defaultCrd(object) : object, {
    fieldValidation: request.fieldValidation,
  });
  const name = request.name;
  const formErrors = [...(request.formErrors ?? []), ...result.errors];
  if (formErrors.length > 0) throw invalid(definition, name, formErrors);
  const valid = result.object as ApiObject;
  normalize(definition, valid);
  const errors = [
    ...admit({ definition, object: valid, previous }),
    ...paramAccessErrors(request, valid, previous),
  ];
  if (errors.length > 0) throw invalid(definition, name, errors);
  const ruleErrors = schema.validateRules(valid, previous);
  if (ruleErrors.length > 0) throw invalid(definition, name, ruleErrors);
  if (isCrd) finishCrd(request, valid, previous);
  checkWriter(request, valid, previous);
  return { object: valid, warnings: result.warnings };
}

/** Whether `metadata.generation` counts the changes of the spec. */
export function hasGeneration({ builtIn, hasGeneration = !builtIn }: ResourceInfo): boolean {
  return hasGeneration;
}

/** Objects of Holt's own kinds carry the trace of what is done for them; other people's are left as they are. */
export function isTraced({ group }: Pick<ResourceInfo, 'group'>): boolean {
  return group === HOLT_GROUP;
}

/** Marks the trace that this change of the spec belongs to. */
export function setTraceparent(object: ApiObject, traceparent: string | undefined): void {
  object.metadata.annotations = {
    ...object.metadata.annotations,
    [TRACEPARENT_ANNOTATION]:
      traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : newTraceparent(),
  };
}
