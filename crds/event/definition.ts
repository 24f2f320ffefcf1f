import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

const objectReference = z
  .object({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    name: z.string().optional(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    fieldPath: z.string().optional(),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const eventFields = {
  involvedObject: objectReference.describe('The object that it happened to.'),
  reason: z.string().optional().describe('Why, in a PascalCase word that programs may match on.'),
  message: z.string().optional().describe('What happened, for people.'),
  type: z.string().optional().describe('Normal or Warning.'),
  action: z.string().optional().describe('What was done about the object.'),
  count: z.int().optional().describe('How often it happened.'),
  firstTimestamp: timestamp.nullable().optional().describe('When it first happened.'),
  lastTimestamp: timestamp.nullable().optional().describe('When it last happened.'),
  eventTime: timestamp.nullable().optional().describe('When it happened, to the microsecond.'),
  source: z
    .object({ component: z.string().optional(), host: z.string().optional() })
    .optional()
    .describe('Who reported it.'),
  reportingComponent: z.string().optional().describe('The component that reported it, e.g. holt-node.'),
  reportingInstance: z.string().optional().describe('The instance that reported it, e.g. node-1.'),
  related: objectReference.optional().describe('A second object that it is about.'),
  series: z.object({ count: z.int().optional(), lastObservedTime: timestamp.optional() }).optional(),
};

const eventSchema = z.object(eventFields);

export type Event = z.infer<typeof eventSchema> & {
  apiVersion: 'v1';
  kind: 'Event';
  metadata: ObjectMeta;
  [field: string]: unknown;
};

export const eventDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: 'What happened to an object.',
  schema: eventSchema,
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  immutableFields: [],
  printerColumns: [
    { name: 'Last Seen', type: 'date', jsonPath: '.lastTimestamp', description: 'When it last happened' },
    { name: 'Type', type: 'string', jsonPath: '.type', description: 'Normal or Warning' },
    { name: 'Reason', type: 'string', jsonPath: '.reason', description: 'A word for programs' },
    { name: 'Object', type: 'string', jsonPath: '.involvedObject.name', description: 'What it happened to' },
    { name: 'Count', type: 'integer', jsonPath: '.count', description: 'How often', priority: 1 },
    { name: 'Message', type: 'string', jsonPath: '.message', description: 'A sentence for people' },
  ],
};
