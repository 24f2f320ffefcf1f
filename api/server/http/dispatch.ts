import { answerStream } from '../connect/connect.ts';
import { streamOf } from '../connect/streams.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { answerDelete, answerDeleteCollection } from './delete-handlers.ts';
import { methodNotSupported, notFound, pathNotFound } from './errors.ts';
import { answerGet, answerList, answerWatch } from './read-handlers.ts';
import { answerScale } from './scale-handlers.ts';
import { StatusError } from './status-error.ts';
import { answerTokenRequestOf } from './token-handler.ts';
import type { Verb } from './verb.ts';
import { answerWake } from './wake-handler.ts';
import { answerCommit, answerCreate, answerPatch, answerUpdate } from './write-handlers.ts';

const VIEW_VERBS: ReadonlySet<Verb> = new Set(['get', 'list', 'watch']);

function isNamespace({ target }: ApiRequest): boolean {
  return target.resource.definition.group === '' && target.resource.definition.kind === 'Namespace';
}

function isUserVm({ target }: ApiRequest): boolean {
  return target.resource.definition.group === 'holt.dev' && target.resource.definition.kind === 'UserVM';
}

function isServiceAccount({ target }: ApiRequest): boolean {
  return target.resource.definition.group === '' && target.resource.definition.kind === 'ServiceAccount';
}

async function dispatchCollection(api: ApiRequest, verb: Verb | undefined): Promise<Answer> {
  const { definition } = api.target.resource;
  const needsNamespace = definition.namespaced && api.target.namespace === undefined;
  switch (verb) {
    case 'list':
      return answerList(api);
    case 'watch':
      return answerWatch(api);
    case 'create':
      if (needsNamespace) throw methodNotSupported(definition, 'create without a namespace');
      return answerCreate(api);
    case 'deletecollection':
      if (needsNamespace) throw methodNotSupported(definition, 'deletecollection without a namespace');
      return answerDeleteCollection(api);
    default:
      throw methodNotSupported(definition, api.request.method ?? '');
  }
}

async function dispatchObject(api: ApiRequest, verb: Verb | undefined, name: string): Promise<Answer> {
  const { definition } = api.target.resource;
  switch (verb) {
    case 'get':
      return answerGet(api, name);
    case 'update':
      return answerUpdate(api, name);
    case 'patch':
      return answerPatch(api, name);
    case 'delete':
      return answerDelete(api, name);
    default:
      throw methodNotSupported(definition, api.request.method ?? '');
  }
}

async function dispatchSubresource(api: ApiRequest, verb: Verb | undefined, name: string): Promise<Answer> {
  const { subresource, resource } = api.target;
  const { definition } = resource;
  if (subresource === 'status' && definition.hasStatus) {
    if (verb === 'get') return answerGet(api, name);
    if (verb === 'update') return answerUpdate(api, name);
    if (verb === 'patch') return answerPatch(api, name);
    throw methodNotSupported(definition, api.request.method ?? '');
  }
  if (subresource === 'scale' && definition.scale !== undefined)
    return answerScale(api, verb, name, definition.scale);
  const stream = streamOf(definition, subresource);
  if (stream !== undefined) return answerStream(api, name, stream);
  if (subresource === 'commit' && definition.hasStatus) {
    if (verb === 'create') return answerCommit(api, name);
    throw methodNotSupported(definition, api.request.method ?? '');
  }
  if (subresource === 'wake' && isUserVm(api)) {
    if (verb === 'create') return answerWake(api, name);
    throw methodNotSupported(definition, api.request.method ?? '');
  }
  if (subresource === 'finalize' && isNamespace(api)) {
    if (verb === 'update') return answerUpdate(api, name);
    throw methodNotSupported(definition, api.request.method ?? '');
  }
  if (subresource === 'token' && isServiceAccount(api)) {
    if (verb === 'create') return answerTokenRequestOf(api, name);
    throw methodNotSupported(definition, api.request.method ?? '');
  }
  // Upstream has no path for it under a built-in kind, and one for every word under a custom kind.
  throw definition.builtIn ? pathNotFound() : notFound(definition, name);
}

/** @throws StatusError 405 for a write of what is only shown */
function refuseViewWrite({ target, request }: ApiRequest, verb: Verb | undefined): void {
  const { definition } = target.resource;
  if (definition.isView !== true || streamOf(definition, target.subresource) !== undefined) return;
  if (verb !== undefined && VIEW_VERBS.has(verb)) return;
  const { message } = methodNotSupported(definition, request.method ?? '');
  throw new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${message}: Pods show SandboxContainers here; write those (sandboxcontainers.holt.dev)`,
    details: { kind: definition.plural },
  });
}

/**
 * Answers an authorised request for a served resource.
 * @throws StatusError, StorageError
 */
export async function dispatch(api: ApiRequest, verb: Verb | undefined): Promise<Answer> {
  const { name, subresource } = api.target;
  refuseViewWrite(api, verb);
  if (name === undefined) return dispatchCollection(api, verb);
  return subresource === undefined ? dispatchObject(api, verb, name) : dispatchSubresource(api, verb, name);
}
