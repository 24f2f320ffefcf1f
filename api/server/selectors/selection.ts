import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import { badRequest } from '../http/errors.ts';
import { matchesFields, parseFieldSelector } from './field-selector.ts';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';
import { SelectorError } from './selector-error.ts';

/** What a list, a watch or a deletecollection takes in. */
export interface Selection {
  /** Without selectors, so that objects need not be parsed. */
  readonly isEverything: boolean;
  matches(stored: StoredObject): boolean;
}

/** @throws StatusError 400 for a selector that cannot be read */
export function parseSelection(
  definition: ResourceInfo,
  selectors: { readonly labelSelector: string; readonly fieldSelector: string },
): Selection {
  try {
    const labels = parseLabelSelector(selectors.labelSelector);
    const fields = parseFieldSelector(selectors.fieldSelector, definition);
    return {
      isEverything: labels.length === 0 && fields.length === 0,
      matches: ({ object }) =>
        matchesLabels(labels, object.metadata.labels ?? {}) && matchesFields(fields, object),
    };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}
