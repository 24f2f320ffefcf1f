import { listObjects } from '../read/list.ts';
import { parseListOptions } from '../read/list-options.ts';
import { deleteObject } from '../write/delete.ts';
import { type DeleteOptions, parseDeleteOptions } from '../write/delete-options.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { decodeBody } from './decode-body.ts';
import { readBody } from './read-body.ts';
import { selectionOf } from './read-handlers.ts';
import { StatusError } from './status-error.ts';
import { storedAnswer, writeRequest } from './write-handlers.ts';

/** Deletes of one deletecollection that are under way at once. */
const DELETES_MAX = 16;

async function readDeleteOptions(api: ApiRequest): Promise<DeleteOptions> {
  const body = await readBody(api.request);
  const object = body.length === 0 ? undefined : decodeBody(body, api.request.headers['content-type']).object;
  return parseDeleteOptions(object, api.query);
}

/** The options of a write from a query whose own dryRun may stand in the body. */
function writeOf(api: ApiRequest, name: string) {
  const query = new URLSearchParams(api.query);
  query.delete('dryRun');
  return writeRequest({ ...api, query }, name);
}

/** DELETE of an object: a Status with its UID when it is gone, the object when finalizers still hold it. */
export async function answerDelete(api: ApiRequest, name: string): Promise<Answer> {
  const options = await readDeleteOptions(api);
  const result = await deleteObject(writeOf(api, name), options);
  // Upstream accepts, rather than does, for the deprecated form alone: other answers would break its clients.
  if (result.action !== 'delete')
    return storedAnswer(api, result, options.orphanDependents === false ? 202 : 200);
  const { definition } = api.target.resource;
  const details = {
    name,
    ...(definition.group === '' ? {} : { group: definition.group }),
    kind: definition.plural,
    uid: result.stored.object.metadata.uid,
  };
  return {
    kind: 'plain',
    code: 200,
    object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
  };
}

/**
 * DELETE of a collection: each object of the list that the same options would give (selectors, limit, continue), as
 * if deleted by itself. The first failure is answered, after those under way have ended.
 */
export async function answerDeleteCollection(api: ApiRequest): Promise<Answer> {
  const { context, target, query } = api;
  const options = await readDeleteOptions(api);
  const list = await listObjects(context, target, parseListOptions(query), selectionOf(api));
  const rest = list.items.map(({ object }) => object.metadata);
  const failures: unknown[] = [];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined && failures.length === 0; next = rest.shift()) {
      const { name = '', namespace } = next;
      await deleteObject({ ...writeOf(api, name), namespace }, options).catch((error: unknown) => {
        // Somebody else deleted it first: that is what was wanted.
        if (!(error instanceof StatusError && error.reason === 'NotFound')) failures.push(error);
      });
    }
  };
  await Promise.all(Array.from({ length: DELETES_MAX }, worker));
  if (failures.length > 0) throw failures[0];
  return { kind: 'list', resource: target.resource, list };
}
