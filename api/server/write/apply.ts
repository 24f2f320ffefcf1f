import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { objectKey } from '../../storage/keys.ts';
import { typeErrors } from '../apply/check-typed.ts';
import { type AppliedObject, applyConfig } from '../apply/field-manager.ts';
import { badRequest, conflict, notFound } from '../http/errors.ts';
import { StatusError } from '../http/status-error.ts';
import { isNestedTooDeeply, NESTING_DEPTH_MAX } from '../schema/nesting.ts';
import { createNamed } from './create.ts';
import { fieldWriterOf } from './manage-fields.ts';
import { checkIdentity, shown } from './prepare.ts';
import { updateObject } from './update.ts';
import type { WriteRequest, WriteResult } from './write-request.ts';

/** After so many times of being created and deleted under our hands it is somebody else's turn to explain. */
const ATTEMPTS_MAX = 5;

export interface ApplyRequest extends WriteRequest {
  /** Take over what other managers own. */
  readonly force: boolean;
  /** Whether the user may create the object; asked where there is none. Throws StatusError 403 where not. */
  readonly checkMayCreate: () => void | Promise<void>;
}

export interface ApplyResult extends WriteResult {
  readonly wasCreated: boolean;
}

/** @throws StatusError 400 for a configuration that cannot be applied here */
function checkConfig(request: ApplyRequest, config: JsonRecord): void {
  if (isNestedTooDeeply(config)) {
    throw badRequest(`the configuration nests lists and objects deeper than ${NESTING_DEPTH_MAX} levels`);
  }
  const { resource, name, namespace } = request;
  const { definition, apiVersion } = resource;
  const { kind } = config;
  if (config.apiVersion !== apiVersion || kind !== definition.kind) {
    throw badRequest(`invalid object type: ${shown(config.apiVersion)}, Kind=${shown(kind)}`);
  }
  const metadata = isRecord(config.metadata) ? config.metadata : {};
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  if (metadata.generateName !== undefined && (metadata.name === undefined || metadata.name === '')) {
    throw badRequest('metadata.generateName may not be used with server-side apply: name the object');
  }
  checkIdentity(request, config);
  const errors = typeErrors(config, fieldWriterOf(request).type);
  if (errors.length === 0) return;
  const what = `${namespace ?? ''}/${name}; ${apiVersion}, Kind=${definition.kind}`;
  const list =
    errors.length === 1 ? errors.join('') : ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');
  throw badRequest(`failed to create typed patch object (${what}): ${list}`);
}

async function applyToPresent(request: ApplyRequest, config: JsonRecord): Promise<WriteResult> {
  let applied: AppliedObject | undefined;
  return updateObject(
    request,
    (current) => {
      applied = applyConfig(fieldWriterOf(request), current, config, request.force);
      const { metadata } = applied.object;
      const { resourceVersion } = isRecord(config.metadata) ? config.metadata : {};
      return {
        ...applied.object,
        metadata: {
          ...(isRecord(metadata) ? metadata : {}),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        },
      };
    },
    (next) => applied?.entriesFor(next) ?? [],
  );
}

async function applyToNothing(request: ApplyRequest, config: JsonRecord): Promise<WriteResult> {
  const { resource, name } = request;
  await request.checkMayCreate();
  const { uid, resourceVersion } = isRecord(config.metadata) ? config.metadata : {};
  if (typeof uid === 'string' && uid !== '') {
    throw conflict(
      resource.definition,
      name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const applied = applyConfig(fieldWriterOf(request), undefined, config, request.force);
  return createNamed(request, applied.object, name, applied.entriesFor);
}

function isReason(error: unknown, reason: string): boolean {
  return error instanceof StatusError && error.reason === reason;
}

/**
 * Server-side apply: merges a configuration into the object, or creates the object from it.
 * @throws StatusError 400 for a configuration that does not fit the kind, 409 for fields that others own, 403, 404, 422
 */
export async function applyObject(request: ApplyRequest, config: JsonRecord): Promise<ApplyResult> {
  checkConfig(request, config);
  const { context, resource, namespace, name, subresource } = request;
  let isPresent = context.cache.get(objectKey(resource.definition, namespace, name)) !== undefined;
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt >= ATTEMPTS_MAX;
    try {
      if (isPresent || subresource !== '')
        return { ...(await applyToPresent(request, config)), wasCreated: false };
      return { ...(await applyToNothing(request, config)), wasCreated: true };
    } catch (error) {
      if (last || subresource !== '') throw error;
      // What the cache told may be old: the object came or went in the meantime.
      if (isPresent && isReason(error, 'NotFound') && isOwnAbsence(error, request)) isPresent = false;
      else if (!isPresent && isReason(error, 'AlreadyExists')) isPresent = true;
      else throw error;
    }
  }
}

/** Whether the error says that the object itself is not there, not its namespace. */
function isOwnAbsence(error: unknown, { resource, name }: WriteRequest): boolean {
  return error instanceof StatusError && error.message === notFound(resource.definition, name).message;
}
