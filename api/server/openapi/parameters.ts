/** A query or path parameter before it is written as OpenAPI v2 or v3. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

function query(name: string, type: Parameter['type'], description: string): Parameter {
  return { name, in: 'query', type, description };
}

const DRY_RUN = query('dryRun', 'string', '"All": everything is checked, nothing is changed.');
const FORCE = query('force', 'boolean', 'Whether an apply takes over what other managers own.');
const FIELD_MANAGER = query('fieldManager', 'string', 'Who makes this change.');
const FIELD_VALIDATION = query(
  'fieldValidation',
  'string',
  'What becomes of unknown fields: Ignore, Warn or Strict.',
);
const RESOURCE_VERSION = query(
  'resourceVersion',
  'string',
  'Where a watch begins, or how old a list may be.',
);

/** Parameters of a request that writes an object. kubectl looks for fieldValidation and dryRun at each PATCH. */
export const WRITE_PARAMETERS: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
export const PATCH_PARAMETERS: readonly Parameter[] = [...WRITE_PARAMETERS, FORCE];

/** Parameters of a DELETE of one object. */
export const DELETE_PARAMETERS: readonly Parameter[] = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'Seconds granted for an orderly end; 0 deletes at once.'),
  query('orphanDependents', 'boolean', 'No longer used: see propagationPolicy.'),
  query('propagationPolicy', 'string', 'Orphan, Background or Foreground.'),
];

/** Parameters of a list or a watch. */
export const LIST_PARAMETERS: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Send BOOKMARK events, so that the watch can be resumed.'),
  query('continue', 'string', 'Token of the page before.'),
  query('fieldSelector', 'string', 'Select by fields.'),
  query('labelSelector', 'string', 'Select by labels.'),
  query('limit', 'integer', 'Most items on a page.'),
  RESOURCE_VERSION,
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Begin the watch with the objects that are there.'),
  query('timeoutSeconds', 'integer', 'When the watch ends.'),
  query('watch', 'boolean', 'Stream changes instead of listing.'),
];

/** Parameters of a read of one object. */
export const READ_PARAMETERS: readonly Parameter[] = [RESOURCE_VERSION];

/** The parameters that a path template itself names, e.g. `{namespace}`. */
export function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    type: 'string',
    description: name === 'namespace' ? 'The namespace of the object.' : 'The name of the object.',
  }));
}
