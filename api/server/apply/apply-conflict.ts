import { StatusError } from '../http/status-error.ts';
import { pathsOf } from './field-set.ts';
import { managerKeyOf } from './managed-entries.ts';
import type { ConflictError } from './managers.ts';
import { formatPath } from './path-element.ts';

/** `"kubectl" with subresource "status" using v1`; an applier is named without its API version. */
function describeManager(id: string): string {
  const { manager, operation, apiVersion, subresource } = managerKeyOf(id);
  const name =
    subresource === ''
      ? JSON.stringify(manager)
      : `${JSON.stringify(manager)} with subresource "${subresource}"`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/**
 * 409 with a cause for each field that somebody else owns.
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go
 */
export function applyConflict({ conflicts }: ConflictError): StatusError {
  const byManager = [...conflicts]
    .map(([id, set]) => ({ manager: describeManager(id), fields: pathsOf(set).map(formatPath) }))
    .toSorted((a, b) => (a.manager < b.manager ? -1 : 1));
  const causes = byManager.flatMap(({ manager, fields }) =>
    fields.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  );
  const [only] = causes;
  const message =
    causes.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
      : `Apply failed with ${causes.length} conflicts: ${byManager
          .map(({ manager, fields }) =>
            [`conflicts with ${manager}:`, ...fields.map((field) => `- ${field}`)].join('\n'),
          )
          .join('\n')}`;
  return new StatusError({ code: 409, reason: 'Conflict', message, details: { causes } });
}
