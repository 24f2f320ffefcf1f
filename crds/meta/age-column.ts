import type { PrinterColumn } from './resource-definition.ts';

/** `Age`, as `kubectl get` shows it for nearly every kind. */
export const AGE_COLUMN: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since its creation',
};
