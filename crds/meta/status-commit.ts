import { z } from 'zod';

/** An event to be written in the same etcd transaction as the status that it explains. */
export const lifecycleEventSchema = z.object({
  type: z.enum(['Normal', 'Warning']),
  reason: z.string().min(1).max(128),
  message: z.string().max(1024),
  action: z.string().max(128).optional(),
});

/**
 * Body of `POST .../<plural>/<name>/commit`: replaces the status and writes the events in one transaction.
 * `metadata.resourceVersion` and `metadata.uid` are preconditions where given (409 Conflict).
 */
export const statusCommitSchema = z.object({
  apiVersion: z.literal('holt.dev/v1alpha1'),
  kind: z.literal('StatusCommit'),
  metadata: z.object({ resourceVersion: z.string().optional(), uid: z.string().optional() }),
  status: z.record(z.string(), z.unknown()),
  events: z.array(lifecycleEventSchema).max(32).default([]),
  reportingComponent: z.string().describe('e.g. holt-node'),
  reportingInstance: z.string().describe('e.g. node-1'),
});

export type LifecycleEvent = z.infer<typeof lifecycleEventSchema>;
export type StatusCommit = z.infer<typeof statusCommitSchema>;
