import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ScalePaths } from '../../../crds/meta/resource-definition.ts';
import { scaleOf, withScale } from '../customresources/scale.ts';
import { parsePatchBody } from '../patch/patch.ts';
import { getObject } from '../read/get.ts';
import { updateObject } from '../write/update.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { decodeBody } from './decode-body.ts';
import { methodNotSupported } from './errors.ts';
import { readBody } from './read-body.ts';
import type { Verb } from './verb.ts';
import { writeRequest } from './write-handlers.ts';

function scaleAnswer(paths: ScalePaths, object: ApiObject): Answer {
  return { kind: 'plain', code: 200, object: { ...scaleOf(paths, object) } };
}

/** Sets the number in the object as the Scale made from it says. */
async function writeScale(
  api: ApiRequest,
  name: string,
  paths: ScalePaths,
  propose: (current: ApiObject) => JsonRecord,
): Promise<Answer> {
  const { resource } = api.target;
  const result = await updateObject(writeRequest(api, name), (current) =>
    withScale(resource, paths, current, propose(scaleOf(paths, current, 0))),
  );
  for (const warning of result.warnings) api.warn(warning);
  return scaleAnswer(paths, resource.view(result.stored).object);
}

/** GET, PUT and PATCH of `/scale`. @throws StatusError, StorageError */
export async function answerScale(
  api: ApiRequest,
  verb: Verb | undefined,
  name: string,
  paths: ScalePaths,
): Promise<Answer> {
  const { context, target, query, request } = api;
  const contentType = request.headers['content-type'];
  switch (verb) {
    case 'get':
      return scaleAnswer(paths, (await getObject(context, target, name, query)).object);
    case 'update': {
      const { object } = decodeBody(await readBody(request), contentType);
      return writeScale(api, name, paths, () => object);
    }
    case 'patch': {
      const patch = parsePatchBody(target.resource, name, await readBody(request), contentType);
      return writeScale(api, name, paths, patch);
    }
    default:
      throw methodNotSupported(target.resource.definition, request.method ?? '');
  }
}
