import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { type ColumnDefinition, columnsOf } from './columns.ts';

/** How much of each object a row carries; the request's `includeObject` parameter. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** metav1.ListMeta, as far as a Table has it. */
export interface TableListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface TableRow {
  readonly cells: unknown[];
  readonly object?: unknown;
}

/** meta.k8s.io/v1 Table. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: TableListMeta;
  readonly columnDefinitions: ColumnDefinition[];
  readonly rows: TableRow[];
}

export interface TableOptions {
  readonly listMeta?: TableListMeta;
  readonly includeObject: IncludeObject;
  /** Wall time that ages are counted to. */
  readonly nowMs: number;
}

/**
 * Objects of one kind as rows for people. In a watch, `objects` is the one that changed.
 * Source: kubernetes.io/docs/reference/using-api/api-concepts (receiving resources as Tables)
 */
export function toTable(
  definition: ResourceInfo,
  objects: readonly ApiObject[],
  options: TableOptions,
): Table {
  const columns = columnsOf(definition);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.listMeta ?? {},
    columnDefinitions: columns.map((column) => column.definition),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.nowMs)),
      ...rowObject(object, options.includeObject),
    })),
  };
}

function rowObject(object: ApiObject, includeObject: IncludeObject): { object?: unknown } {
  switch (includeObject) {
    case 'None':
      return {};
    case 'Object':
      return { object };
    case 'Metadata':
      return {
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
      };
  }
}
