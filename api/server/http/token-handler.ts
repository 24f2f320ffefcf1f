import type { ApiObject } from '../../../crds/meta/meta.ts';
import { answerTokenRequest } from '../auth/service-account/token-request.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { decodeBody } from './decode-body.ts';
import { notFound, pathNotFound } from './errors.ts';
import { parseWriteOptions } from './query.ts';
import { readBody } from './read-body.ts';
import { writeRequest } from './write-handlers.ts';

/** POST to a service account's `token`. @throws StatusError 404 for no such account, or no keys to sign with */
export async function answerTokenRequestOf(api: ApiRequest, name: string): Promise<Answer> {
  const { context, target, request, warn } = api;
  const { tokenIssuer, clock } = context;
  if (tokenIssuer === undefined) throw pathNotFound();
  const { dryRun } = parseWriteOptions(api.query, 'CreateOptions');
  const { object: body } = decodeBody(await readBody(request), request.headers['content-type']);
  const account = await tokenIssuer.objects.serviceAccount(target.namespace ?? '', name);
  if (account === undefined) throw notFound(target.resource.definition, name);
  const write = { ...writeRequest(api, name), dryRun };
  const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
  write.admission?.check(write, { operation: 'CREATE', object: body as ApiObject, oldObject: null, kind });
  const answer = await answerTokenRequest(tokenIssuer, { account, body, nowMs: clock.nowMs(), dryRun, warn });
  return { kind: 'plain', code: 201, object: answer.object };
}
