import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { PrinterColumn, ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { ageOf } from './age.ts';
import { builtInColumns } from './builtin-columns.ts';
import { compileJsonPath } from './json-path.ts';

/** meta.k8s.io/v1 TableColumnDefinition. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** A column and how its cell is made from an object. */
export interface Column {
  readonly definition: ColumnDefinition;
  cell(object: ApiObject, nowMs: number): unknown;
}

const NAME_COLUMN: Column = {
  definition: {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name of the object, unique among its kind in its namespace.',
    priority: 0,
  },
  cell: (object) => object.metadata.name ?? '',
};

const columnsByDefinition = new WeakMap<ResourceInfo, readonly Column[]>();

/** The columns of a kind, Name first; some built-in kinds have computed ones, as in Kubernetes. */
export function columnsOf(definition: ResourceInfo): readonly Column[] {
  const known = columnsByDefinition.get(definition);
  if (known !== undefined) return known;
  const ownColumns =
    definition.builtIn || definition.isView === true ? builtInColumns(definition.kind) : undefined;
  const columns = ownColumns ?? [
    NAME_COLUMN,
    ...definition.printerColumns.map((column) => printerColumn(column, definition.builtIn)),
  ];
  columnsByDefinition.set(definition, columns);
  return columns;
}

/** A built-in kind's ages are texts; a custom kind's dates are called what its definition calls them, as upstream. */
function printerColumn(column: PrinterColumn, isBuiltIn: boolean): Column {
  const read = compileJsonPath(column.jsonPath);
  return {
    definition: {
      name: column.name,
      type: isBuiltIn && column.type === 'date' ? 'string' : column.type,
      format: '',
      description: column.description,
      priority: column.priority ?? 0,
    },
    cell: (object, nowMs) => formatCell(read(object), column.type, nowMs),
  };
}

function formatCell(value: unknown, type: PrinterColumn['type'], nowMs: number): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'date':
      return typeof value === 'string' ? ageOf(value, nowMs) : null;
    case 'integer':
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'string':
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}
