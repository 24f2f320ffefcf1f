import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ObjectMeta } from '../../../crds/meta/meta.ts';
import { activeTraceparent } from '../../../lib/telemetry.ts';
import { requireAccess } from '../auth/forbidden.ts';
import { resourceAttributes } from '../auth/request-attributes.ts';
import { isApplyPatch, parseApplyConfig } from '../patch/apply-config.ts';
import { parsePatchBody } from '../patch/patch.ts';
import { PolicyAdmission } from '../policy/admission.ts';
import { applyObject } from '../write/apply.ts';
import { commitStatus } from '../write/commit.ts';
import { createObject } from '../write/create.ts';
import { checkIdentity } from '../write/prepare.ts';
import { updateObject } from '../write/update.ts';
import type { WriteRequest, WriteResult } from '../write/write-request.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { decodeBody, judgeDuplicates } from './decode-body.ts';
import { invalid } from './errors.ts';
import { checkPatchOptions, fieldManagerOf } from './field-manager.ts';
import { parseWriteOptions } from './query.ts';
import { readBody } from './read-body.ts';

/** Kinds of the options of a write, by its method. */
const OPTIONS_KINDS: Readonly<Record<string, string>> = { PUT: 'UpdateOptions', PATCH: 'PatchOptions' };

/** What every write of a request has in common. @throws StatusError 400 for its options */
export function writeRequest(api: ApiRequest, name: string): WriteRequest {
  const { context, target, query, request } = api;
  const { traceparent } = request.headers;
  const optionsKind = OPTIONS_KINDS[request.method ?? ''] ?? 'CreateOptions';
  return {
    ...parseWriteOptions(query, optionsKind),
    context,
    user: api.user,
    resource: target.resource,
    namespace: target.namespace,
    name,
    subresource: target.subresource ?? '',
    fieldManager: fieldManagerOf(query, request.headers['user-agent'], optionsKind),
    traceparent: activeTraceparent() ?? (typeof traceparent === 'string' ? traceparent : undefined),
    admission: new PolicyAdmission(api),
  };
}

/**
 * The object in the body. Fields that stand there twice are told together with the unknown ones, as a warning at
 * once or as an error of the write, as the client asked.
 */
async function readObject(
  api: ApiRequest,
  write: WriteRequest,
): Promise<{ body: JsonRecord; write: WriteRequest }> {
  const { object, duplicates } = decodeBody(await readBody(api.request), api.request.headers['content-type']);
  const { errors, warnings } = judgeDuplicates(duplicates, write.fieldValidation);
  for (const warning of warnings) api.warn(warning);
  return { body: object, write: { ...write, formErrors: errors } };
}

/** The answer with the object that a write left. */
export function storedAnswer(api: ApiRequest, result: WriteResult, code: number): Answer {
  for (const warning of result.warnings) api.warn(warning);
  return {
    kind: 'stored',
    code,
    resource: api.target.resource,
    stored: api.target.resource.view(result.stored),
  };
}

/** POST to a collection. */
export async function answerCreate(api: ApiRequest): Promise<Answer> {
  const { body, write } = await readObject(api, writeRequest(api, ''));
  return storedAnswer(api, await createObject(write, body), 201);
}

/** POST to `/commit`. */
export async function answerCommit(api: ApiRequest, name: string): Promise<Answer> {
  const { body, write } = await readObject(api, writeRequest(api, name));
  return storedAnswer(api, await commitStatus(write, body), 200);
}

/** A custom object is not updated without saying which revision of it was seen. @throws StatusError 422 */
function checkRevisionGiven({ resource, name }: WriteRequest, body: JsonRecord): void {
  const metadata: ObjectMeta = isRecord(body.metadata) ? body.metadata : {};
  if (resource.definition.builtIn || metadata.resourceVersion) return;
  throw invalid(resource.definition, name, [
    {
      field: 'metadata.resourceVersion',
      type: 'FieldValueInvalid',
      value: 0,
      detail: 'must be specified for an update',
    },
  ]);
}

/** PUT of an object, its status, or a namespace's finalizers. */
export async function answerUpdate(api: ApiRequest, name: string): Promise<Answer> {
  const { body, write } = await readObject(api, writeRequest(api, name));
  // Asked of an object that is there: a custom object that is not is 404 before it is without its revision.
  const propose = () => {
    checkIdentity(write, body);
    checkRevisionGiven(write, body);
    return body;
  };
  return storedAnswer(api, await updateObject(write, propose), 200);
}

/** Creating by way of an apply needs the right to create. */
function checkMayCreate({ context, user, target, query }: ApiRequest): void {
  const object = { ...target, subresource: undefined };
  requireAccess(context.authorize, resourceAttributes(user, 'create', object, query));
}

/** PATCH that applies a configuration to an object or its status. */
async function answerApply(api: ApiRequest, write: WriteRequest): Promise<Answer> {
  const force = checkPatchOptions(api.query, true);
  const { config, warnings } = parseApplyConfig(await readBody(api.request), write.fieldValidation);
  for (const warning of warnings) api.warn(warning);
  const mayCreate = () => checkMayCreate(api);
  const result = await applyObject({ ...write, force, checkMayCreate: mayCreate }, config);
  return storedAnswer(api, result, result.wasCreated ? 201 : 200);
}

/** PATCH of an object or its status. */
export async function answerPatch(api: ApiRequest, name: string): Promise<Answer> {
  const write = { ...writeRequest(api, name), isPatch: true };
  if (isApplyPatch(api.request.headers['content-type'])) return answerApply(api, write);
  checkPatchOptions(api.query, false);
  const body = await readBody(api.request);
  const patch = parsePatchBody(write.resource, name, body, api.request.headers['content-type']);
  return storedAnswer(api, await updateObject(write, patch), 200);
}
