import { isDeepStrictEqual } from 'node:util';
import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { SERVER_USER } from '../auth/user.ts';
import { forbidden } from '../http/errors.ts';
import type { WriteRequest } from '../write/write-request.ts';
import { isCrdKind } from './crd-object.ts';

/** Whether a write by a client is about the definition of a kind that Holt itself lives by. */
function isOwn({ context, resource, user }: WriteRequest, name: string): boolean {
  if (!isCrdKind(resource.definition) || user === SERVER_USER) return false;
  const { catalog } = context;
  return catalog.ownKinds.some(({ plural, group }) => `${plural}.${group}` === name);
}

/** @throws StatusError 403 for the deletion of a definition that Holt lives by */
export function checkOwnDeletion(request: WriteRequest): void {
  if (!isOwn(request, request.name)) return;
  throw forbidden(
    request.resource.definition,
    request.name,
    'Holt itself works with this kind: with its definition all of its objects, and what they run, would be deleted',
  );
}

/** @throws StatusError 403 for another spec of a definition that Holt lives by */
export function checkOwnChange(
  request: WriteRequest,
  object: ApiObject,
  previous: ApiObject | undefined,
): void {
  const { name = '' } = object.metadata;
  if (!isOwn(request, name)) return;
  const before = (previous as CustomResourceDefinition | undefined)?.spec;
  if (before === undefined || isDeepStrictEqual(before, object.spec)) return;
  throw forbidden(
    request.resource.definition,
    name,
    'Holt itself works with this kind and sets its spec when it starts; metadata may be changed',
  );
}
