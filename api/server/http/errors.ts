import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { type FieldError, formatFieldErrors } from '../schema/structural.ts';
import { type StatusCause, StatusError } from './status-error.ts';

type Named = Pick<ResourceInfo, 'group' | 'plural'>;

/** `uservms.holt.dev`, or `namespaces` for the core group. */
export function qualifiedResource({ group, plural }: Named): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function resourceDetails(resource: Named, name: string, causes?: readonly StatusCause[]) {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    ...(causes === undefined ? {} : { causes }),
  };
}

/*
 * The errors of k8s.io/apimachinery/pkg/api/errors, in its words: clients and people know them.
 */

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function unauthorized(): StatusError {
  return new StatusError({
    code: 401,
    reason: 'Unauthorized',
    message: 'Unauthorized',
  });
}

export function forbidden(
  resource: Named,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): StatusError {
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} is forbidden: ${why}`,
    details: resourceDetails(resource, name, causes),
  });
}

export function notFound(resource: Named, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} not found`,
    details: resourceDetails(resource, name),
  });
}

/** No such path: text as Go's http.NotFound writes it, to which clients add what they asked for. */
export function pathNotFound(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
    plainText: '404 page not found\n',
  });
}

/** The verb of a method where the path alone does not tell it. */
const METHOD_VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** @param method of HTTP, or a verb */
export function methodNotSupported(resource: Named, method: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${METHOD_VERBS[method] ?? method} is not supported on resources of kind ${JSON.stringify(qualifiedResource(resource))}`,
    details: resourceDetails(resource, ''),
  });
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  });
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

export function alreadyExists(resource: Named, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} already exists`,
    details: resourceDetails(resource, name),
  });
}

export function conflict(resource: Named, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${JSON.stringify(name)}: ${why}`,
    details: resourceDetails(resource, name),
  });
}

/** The write was based on an older revision. */
export function staleWrite(resource: Named, name: string): StatusError {
  return conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

/** 422 with a cause a field, or 400 for unknown fields. */
export function invalid(definition: ResourceInfo, name: string, errors: readonly FieldError[]): StatusError {
  const { message, causes, code, reason } = formatFieldErrors(definition, name, errors);
  return new StatusError({
    code,
    reason,
    message,
    ...(code === 400
      ? {}
      : { details: { ...resourceDetails(definition, name, causes), kind: definition.kind } }),
  });
}

export function expired(message: string, continueToken?: string): StatusError {
  return new StatusError({
    code: 410,
    reason: 'Expired',
    message,
    ...(continueToken === undefined ? {} : { continueToken }),
  });
}

export function bodyTooLarge(limitBytes: number): StatusError {
  return new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${limitBytes} bytes`,
  });
}

/** The revision asked for does not exist yet. */
export function resourceVersionTooLarge(asked: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

export function internalError(message: string): StatusError {
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError({
    code: 503,
    reason: 'ServiceUnavailable',
    message,
    details: { retryAfterSeconds: 1 },
  });
}
