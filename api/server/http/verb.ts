import { booleanParameter } from './query.ts';
import type { Target } from './resource.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** The verb of a request, as RBAC and the metrics name it; undefined for a method that has none. */
export function verbOf(
  method: string,
  target: Pick<Target, 'name'>,
  query: URLSearchParams,
): Verb | undefined {
  const isCollection = target.name === undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      // A watch without a body would say nothing for as long as it lasts.
      if (isCollection) return method === 'GET' && booleanParameter(query, 'watch') ? 'watch' : 'list';
      return 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isCollection ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}
