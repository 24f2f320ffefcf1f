import { z } from 'zod';
import type { FieldSet } from './field-set.ts';
import { parseFieldsV1, sortedFields } from './fields-v1.ts';
import type { ManagedSet, Managers } from './managers.ts';

/** metav1.ManagedFieldsEntry. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** When the manager last changed something, to the second. */
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1?: FieldSet;
  readonly subresource?: string;
}

/** What an entry says besides its set of fields. */
interface Origin {
  readonly manager: string;
  readonly subresource: string;
  readonly time: string | undefined;
  /** The entry as it was read. */
  readonly entry: ManagedFieldsEntry | undefined;
}

/** The decoded managedFields of an object. */
export interface ManagedState {
  readonly managers: Managers;
  readonly origins: ReadonlyMap<string, Origin>;
}

export const NOTHING_MANAGED: ManagedState = { managers: new Map(), origins: new Map() };

/** Who manages: one manager is another one by another operation, subresource or, for updates, API version. */
export interface ManagerKey {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
}

/** The manager's identifier, see `managerKeyOf`. */
export function managerId({ manager, operation, apiVersion, subresource }: ManagerKey): string {
  return JSON.stringify([operation, manager, operation === 'Apply' ? '' : apiVersion, subresource]);
}

/** What an identifier stands for. */
export function managerKeyOf(id: string): ManagerKey {
  const [operation, manager, apiVersion, subresource]: string[] = JSON.parse(id);
  return {
    operation: operation === 'Apply' ? 'Apply' : 'Update',
    manager: manager ?? '',
    apiVersion: apiVersion ?? '',
    subresource: subresource ?? '',
  };
}

/** Reads the managedFields that the server itself stored. */
export function decodeStored(entries: readonly ManagedFieldsEntry[]): ManagedState {
  const managers = new Map<string, ManagedSet>();
  const origins = new Map<string, Origin>();
  for (const entry of entries) {
    const { manager = '', operation, apiVersion, subresource = '', time, fieldsV1 = {} } = entry;
    const id = managerId({ manager, operation, apiVersion, subresource });
    managers.set(id, { set: fieldsV1, apiVersion, applied: operation === 'Apply' });
    origins.set(id, { manager, subresource, time, entry });
  }
  return { managers, origins };
}

const sentSchema = z.array(
  z.object({
    manager: z.string().max(128).nullish(),
    operation: z.enum(['Apply', 'Update']),
    apiVersion: z.string().min(1),
    time: z.iso.datetime({ offset: true }).nullish(),
    fieldsType: z.literal('FieldsV1'),
    fieldsV1: z.unknown(),
    subresource: z.string().max(256).nullish(),
  }),
);

/** Reads managedFields that a client sent; undefined where they are none. */
export function decodeSent(value: unknown): ManagedState | undefined {
  const parsed = sentSchema.safeParse(value);
  if (!parsed.success) return undefined;
  try {
    return decodeStored(
      parsed.data.map(({ manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource }) => ({
        ...(manager ? { manager } : {}),
        operation,
        apiVersion,
        ...(time ? { time } : {}),
        fieldsType,
        fieldsV1: sortedFields(parseFieldsV1(fieldsV1 ?? {})),
        ...(subresource ? { subresource } : {}),
      })),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager ?? '', b.manager ?? '') ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource ?? '', b.subresource ?? '')
  );
}

/**
 * The managedFields to be stored. An entry that did not change is the very one that was read.
 * @param times of the managers that acted now; others keep theirs
 */
export function encodeManaged(
  managers: Managers,
  origins: ManagedState['origins'],
  times: ReadonlyMap<string, string>,
): ManagedFieldsEntry[] {
  const entries = [...managers].map(([id, { set, apiVersion, applied }]): ManagedFieldsEntry => {
    const origin = origins.get(id);
    const time = times.get(id) ?? origin?.time;
    const known = origin?.entry;
    const isSameSet = known !== undefined && known.fieldsV1 === set;
    if (isSameSet && known.time === time && known.apiVersion === apiVersion) return known;
    const { manager, subresource } = managerKeyOf(id);
    return {
      manager,
      operation: applied ? 'Apply' : 'Update',
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: isSameSet ? set : sortedFields(set),
      ...(subresource === '' ? {} : { subresource }),
    };
  });
  return entries.sort(compareEntries);
}
