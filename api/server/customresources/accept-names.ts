import { isDeepStrictEqual } from 'node:util';
import type {
  CrdNames,
  CrdStatus,
  CustomResourceDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import { isConditionTrue, withCondition } from './crd-object.ts';

/** The names that other definitions of the group hold. */
function takenNames(others: readonly CustomResourceDefinition[]) {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const { plural, singular, shortNames = [], kind, listKind } = status?.acceptedNames ?? {};
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

interface Verdict {
  readonly names: CrdNames;
  readonly reason: string;
  readonly message: string;
}

/** The names that the definition gets; the last one that it does not get tells the reason. */
function judge(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Verdict {
  const { resources, kinds } = takenNames(others);
  const wanted = crd.spec.names;
  const held = crd.status?.acceptedNames ?? {};
  const names: CrdNames = { ...held };
  let reason = '';
  let message = '';
  const refuse = (why: string, taken: readonly string[]) => {
    reason = why;
    message = taken.map((name) => `${JSON.stringify(name)} is already in use`).join(', ');
    if (taken.length > 1) message = `[${message}]`;
  };
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const name = wanted[field] ?? '';
    const taken = field === 'plural' || field === 'singular' ? resources : kinds;
    const why = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}Conflict`;
    if (name !== held[field] && taken.has(name)) refuse(why, [name]);
    else names[field] = name;
    if (field !== 'singular') continue;
    const conflicts = (wanted.shortNames ?? []).filter(
      (short) => !(held.shortNames ?? []).includes(short) && resources.has(short),
    );
    if (conflicts.length > 0) refuse('ShortNamesConflict', conflicts);
    else if (wanted.shortNames === undefined) delete names.shortNames;
    else names.shortNames = wanted.shortNames;
  }
  if (wanted.categories === undefined) delete names.categories;
  else names.categories = wanted.categories;
  return { names, reason, message };
}

/**
 * The status of a definition beside the others of its group: which names it has got, and whether it is served.
 * Undefined where it stands so already. Once established it stays so.
 * Source: k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go, establish/
 */
export function acceptedStatus(
  crd: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): CrdStatus | undefined {
  const { names, reason, message } = judge(crd, others);
  const accepted = reason === '';
  const namesAccepted = {
    type: 'NamesAccepted',
    status: accepted ? 'True' : 'False',
    reason: accepted ? 'NoConflicts' : reason,
    message: accepted ? 'no conflicts found' : message,
  };
  const established =
    accepted || isConditionTrue(crd, 'Established')
      ? {
          type: 'Established',
          status: 'True',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        }
      : {
          type: 'Established',
          status: 'False',
          reason: 'NotAccepted',
          message: 'not all names are accepted',
        };
  const withNames = withCondition(crd.status?.conditions ?? [], namesAccepted, now);
  const conditions = withCondition(withNames, established, now);
  const status: CrdStatus = { ...crd.status, acceptedNames: names, conditions };
  return isDeepStrictEqual(status, crd.status) ? undefined : status;
}
