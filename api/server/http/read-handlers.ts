import { getObject } from '../read/get.ts';
import { listObjects } from '../read/list.ts';
import { parseListOptions } from '../read/list-options.ts';
import { parseSelection, type Selection } from '../selectors/selection.ts';
import { createFrameWriter } from '../watch/frames.ts';
import { openSource } from '../watch/open-source.ts';
import { parseWatchOptions } from '../watch/watch-options.ts';
import { WatchSession } from '../watch/watch-session.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { notAcceptable, qualifiedResource } from './errors.ts';
import { JSON_TYPE, negotiate, PROTOBUF_TYPE } from './media-type.ts';
import { includeObjectOf } from './render.ts';
import { prefixOf } from './resource.ts';

/** The selectors of a request. @throws StatusError 400 */
export function selectionOf({ target, query }: ApiRequest): Selection {
  const { definition, view } = target.resource;
  const selection = parseSelection(definition, {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  });
  return { ...selection, matches: (stored) => selection.matches(view(stored)) };
}

/** GET of one object, or of its status. */
export async function answerGet(api: ApiRequest, name: string): Promise<Answer> {
  const stored = await getObject(api.context, api.target, name, api.query);
  return { kind: 'stored', code: 200, resource: api.target.resource, stored };
}

/** GET of a collection. */
export async function answerList(api: ApiRequest): Promise<Answer> {
  const { context, target, query } = api;
  const list = await listObjects(context, target, parseListOptions(query), selectionOf(api));
  return { kind: 'list', resource: target.resource, list };
}

/** A watch ends with the server, or with its kind. */
function endOf({ context, target }: ApiRequest): AbortSignal {
  const { gone } = target.resource;
  return gone === undefined ? context.stopping : AbortSignal.any([context.stopping, gone]);
}

/** GET of a collection with `watch=true`: answers until the client goes, or its time is over. */
export async function answerWatch(api: ApiRequest): Promise<Answer> {
  const { context, target, query, request, response } = api;
  const { definition } = target.resource;
  const options = parseWatchOptions(query);
  const selection = selectionOf(api);
  const representation = negotiate(request.headers.accept, { protobuf: definition.builtIn, shapes: true });
  if (representation.encoding === 'yaml') throw notAcceptable([JSON_TYPE, PROTOBUF_TYPE]);
  const writer = createFrameWriter({
    resource: target.resource,
    representation,
    includeObject: includeObjectOf(query),
    nowMs: () => context.clock.nowMs(),
  });
  const source = await openSource(context, target, selection, options.start);
  if (response.destroyed) return { kind: 'streamed' };
  const resource = qualifiedResource(definition);
  const type = representation.encoding === 'protobuf' ? `${PROTOBUF_TYPE};stream=watch` : JSON_TYPE;
  const session = new WatchSession({
    response,
    headers: { 'content-type': type, 'cache-control': 'no-cache, private' },
    source,
    writer,
    options,
    prefix: prefixOf(target),
    selection,
    stopping: endOf(api),
    onEvents: context.metrics.watchEventsOf(resource),
  });
  context.metrics.watchers.inc({ resource });
  try {
    const over = session.run();
    api.onWatchOpen();
    await over;
  } finally {
    context.metrics.watchers.dec({ resource });
  }
  return { kind: 'streamed' };
}
