import { z } from 'zod';

/** metav1.LabelSelector: all of it must hold; one that asks for nothing takes in everything. */
export const labelSelectorSchema = z
  .object({
    matchLabels: z.record(z.string(), z.string()).optional().describe('Labels that must have these values.'),
    matchExpressions: z
      .array(
        z.object({
          key: z.string().describe('The label.'),
          operator: z.string().describe('In, NotIn, Exists or DoesNotExist.'),
          values: z.array(z.string()).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
        }),
      )
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional()
      .describe('Conditions on labels.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

export type LabelSelector = z.infer<typeof labelSelectorSchema>;
