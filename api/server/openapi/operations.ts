import type { GroupVersionKind, ServedGroupVersion, ServedResource } from '../discovery/served-resource.ts';
import { componentName, metaComponentName } from './component.ts';
import { listOf } from './kind-components.ts';
import {
  DELETE_PARAMETERS,
  LIST_PARAMETERS,
  PATCH_PARAMETERS,
  type Parameter,
  READ_PARAMETERS,
  WRITE_PARAMETERS,
} from './parameters.ts';

/** An operation before it is written as OpenAPI v2 or v3. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly action: 'get' | 'list' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';
  readonly operationId: string;
  readonly description: string;
  readonly gvk: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  /** Component of the body. */
  readonly body?: string;
  readonly consumes: readonly string[];
  /** Component of the answer. */
  readonly response: string;
}

/** The operations at one path template. */
export interface PathOperations {
  readonly path: string;
  readonly operations: readonly Operation[];
}

const OBJECT_TYPES = ['application/json', 'application/yaml'];
// A strategic merge patch is taken for built-in kinds and not listed: kubectl would look for its merge keys here,
// while without it kubectl has them from its own types.
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

type Draft = Omit<Operation, 'gvk' | 'operationId' | 'description' | 'consumes'> & {
  readonly consumes?: readonly string[];
};

/** All paths of one API version. */
export function pathsOf({ group, apiVersion, resources }: ServedGroupVersion): PathOperations[] {
  const root = group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  return resources.flatMap((resource) => resourcePaths(resource, root));
}

function resourcePaths(resource: ServedResource, root: string): PathOperations[] {
  const { plural, namespaced, verbs, subresources } = resource;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const paths = [at(collection, resource, collectionDrafts(resource), '')];
  if (!verbs.includes('get')) return paths;
  paths.push(at(`${collection}/{name}`, resource, objectDrafts(resource, verbs), ''));
  for (const { name, verbs: subVerbs } of subresources) {
    paths.push(
      at(`${collection}/{name}/${name}`, resource, objectDrafts(resource, subVerbs), capitalised(name)),
    );
  }
  if (namespaced) paths.push(at(`${root}/${plural}`, resource, [listDraft(resource)], 'ForAllNamespaces'));
  return paths;
}

function listDraft(resource: ServedResource): Draft {
  const response = componentName(listOf(resource));
  return { method: 'get', action: 'list', parameters: LIST_PARAMETERS, response };
}

function collectionDrafts(resource: ServedResource): Draft[] {
  const drafts: Draft[] = [];
  if (resource.verbs.includes('list')) drafts.push(listDraft(resource));
  if (resource.verbs.includes('create')) drafts.push(writeDraft(resource, 'post'));
  if (resource.verbs.includes('deletecollection')) {
    drafts.push({
      method: 'delete',
      action: 'deletecollection',
      parameters: [...DELETE_PARAMETERS, ...LIST_PARAMETERS],
      body: metaComponentName('DeleteOptions'),
      response: metaComponentName('Status'),
    });
  }
  return drafts;
}

function writeDraft(resource: ServedResource, method: 'post' | 'put'): Draft {
  const object = componentName(resource);
  return { method, action: method, parameters: WRITE_PARAMETERS, body: object, response: object };
}

function objectDrafts(resource: ServedResource, verbs: readonly string[]): Draft[] {
  const object = componentName(resource);
  const drafts: Draft[] = [];
  if (verbs.includes('get'))
    drafts.push({ method: 'get', action: 'get', parameters: READ_PARAMETERS, response: object });
  if (verbs.includes('update')) drafts.push(writeDraft(resource, 'put'));
  if (verbs.includes('patch')) {
    const body = metaComponentName('Patch');
    drafts.push({
      method: 'patch',
      action: 'patch',
      parameters: PATCH_PARAMETERS,
      body,
      consumes: PATCH_TYPES,
      response: object,
    });
  }
  if (verbs.includes('delete')) {
    drafts.push({
      method: 'delete',
      action: 'delete',
      parameters: DELETE_PARAMETERS,
      body: metaComponentName('DeleteOptions'),
      response: metaComponentName('Status'),
    });
  }
  return drafts;
}

function at(
  path: string,
  resource: ServedResource,
  drafts: readonly Draft[],
  suffix: string,
): PathOperations {
  const { group, version, kind } = resource;
  return {
    path,
    operations: drafts.map((draft) => ({
      ...draft,
      gvk: { group, version, kind },
      operationId: operationId(draft.action, resource, suffix),
      description: `${capitalised(draft.action)} ${kind}${suffix === '' ? '' : ` (${suffix})`}`,
      consumes: draft.consumes ?? (draft.body === undefined ? [] : OBJECT_TYPES),
    })),
  };
}

/** Unique over all paths, e.g. `patchHoltDevV1alpha1NamespacedUserVMStatus`. */
function operationId(
  action: string,
  { group, version, kind, namespaced }: ServedResource,
  suffix: string,
): string {
  const groupWords = (group === '' ? 'core' : group).split('.').map(capitalised).join('');
  const scope = namespaced && suffix !== 'ForAllNamespaces' ? 'Namespaced' : '';
  return `${action}${groupWords}${capitalised(version)}${scope}${kind}${suffix}`;
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
