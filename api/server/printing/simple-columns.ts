import type { ApiObject } from '../../../crds/meta/meta.ts';
import { ageOf } from './age.ts';
import type { Column } from './columns.ts';

/** A column besides its cells. */
export interface ColumnOptions {
  readonly name: string;
  readonly description: string;
  /** Shown with -o wide alone. */
  readonly isWide?: boolean;
  /** Default: string. */
  readonly type?: 'string' | 'integer';
}

/** A computed column. */
export function column(options: ColumnOptions, cell: (object: ApiObject, nowMs: number) => unknown): Column {
  const { name, description, isWide = false, type = 'string' } = options;
  return {
    definition: {
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description,
      priority: isWide ? 1 : 0,
    },
    cell,
  };
}

/** The name, the first column of every kind. */
export const NAME = column(
  { name: 'Name', description: 'Name of the object, unique among its kind in its namespace.' },
  ({ metadata }) => metadata.name ?? '',
);
/** The time since the object was created. */
export const AGE = column({ name: 'Age', description: 'Since its creation' }, ({ metadata }, nowMs) =>
  ageOf(metadata.creationTimestamp, nowMs),
);
