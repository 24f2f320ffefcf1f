import { type Component, metaComponentName } from './component.ts';

function text(description: string): Component {
  return { type: 'string', description };
}

function integer(description: string, format: 'int32' | 'int64' = 'int64'): Component {
  return { type: 'integer', format, description };
}

function flag(description: string): Component {
  return { type: 'boolean', description };
}

function texts(description: string): Component {
  return { type: 'array', items: { type: 'string' }, description };
}

function textMap(description: string): Component {
  return { type: 'object', additionalProperties: { type: 'string' }, description };
}

function ref(kind: string, description: string): Component {
  return { ref: metaComponentName(kind), description };
}

function object(
  description: string,
  properties: Component['properties'],
  required: string[] = [],
): Component {
  return {
    type: 'object',
    description,
    ...(properties && { properties }),
    ...(required.length > 0 && { required }),
  };
}

/** What is in every object besides its own fields. */
export const TYPE_META: Readonly<Record<'apiVersion' | 'kind', Component>> = {
  apiVersion: text('The version of the schema of this object, as group/version or version.'),
  kind: text('The kind of this object, in CamelCase. It cannot be changed.'),
};

const OBJECT_META = object('Metadata that every stored object has.', {
  name: text('Unique among the objects of this kind in the namespace. It cannot be changed.'),
  generateName: text('Prefix of a name that the server completes when name is not given.'),
  namespace: text(
    'The scope in which the name is unique. Empty for cluster-scoped kinds. It cannot be changed.',
  ),
  selfLink: text('No longer used.'),
  uid: text('Unique in time and space; set by the server.'),
  resourceVersion: text(
    'Opaque version of this object: for optimistic concurrency and for watches. Set by the server.',
  ),
  generation: integer('Rises with each change of the desired state; set by the server.'),
  creationTimestamp: ref('Time', 'When the object was created; set by the server.'),
  deletionTimestamp: ref('Time', 'When deletion was asked for; the object goes when finalizers is empty.'),
  deletionGracePeriodSeconds: integer('Seconds granted for an orderly end.'),
  labels: textMap('Keys and values to select objects by.'),
  annotations: textMap('Keys and values that nothing selects by.'),
  ownerReferences: {
    type: 'array',
    items: { ref: metaComponentName('OwnerReference') },
    description: 'The objects that this one belongs to: it is deleted with the last of them.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['uid'],
  },
  finalizers: {
    ...texts('Who must still clean up before the object may go.'),
    'x-kubernetes-list-type': 'set',
  },
  managedFields: {
    type: 'array',
    items: { ref: metaComponentName('ManagedFieldsEntry') },
    description: 'Which manager set which fields; kept by the server.',
  },
});

const STATUS_DETAILS = object('What a Status is about.', {
  name: text('Name of the object.'),
  group: text('API group of the object.'),
  kind: text('Kind of the object.'),
  uid: text('UID of the object.'),
  causes: {
    type: 'array',
    items: { ref: metaComponentName('StatusCause') },
    description: 'One for each wrong field.',
  },
  retryAfterSeconds: integer('When to try again.', 'int32'),
});

const DELETE_OPTIONS = object('How to delete.', {
  ...TYPE_META,
  gracePeriodSeconds: integer('Seconds granted for an orderly end; 0 deletes at once.'),
  preconditions: ref('Preconditions', 'What must hold for the deletion to happen; else 409 Conflict.'),
  orphanDependents: flag('No longer used: see propagationPolicy.'),
  propagationPolicy: text('Orphan, Background or Foreground.'),
  dryRun: texts('"All": everything is checked, nothing is changed.'),
});

/** The components of metav1 that kinds and operations refer to, by name. */
export const META_COMPONENTS: ReadonlyMap<string, Component> = new Map(
  Object.entries({
    Time: { type: 'string', format: 'date-time', description: 'A time in RFC 3339, to the second.' } as const,
    MicroTime: {
      type: 'string',
      format: 'date-time',
      description: 'A time in RFC 3339, to the microsecond.',
    } as const,
    FieldsV1: object('A set of fields in the form of a JSON object.', undefined),
    Patch: object('A patch in the form that the Content-Type names.', undefined),
    ObjectMeta: OBJECT_META,
    OwnerReference: object(
      'An object that another one belongs to.',
      {
        apiVersion: text('API version of the owner.'),
        kind: text('Kind of the owner.'),
        name: text('Name of the owner.'),
        uid: text('UID of the owner.'),
        controller: flag('Whether the owner is the managing controller.'),
        blockOwnerDeletion: flag('Whether the owner waits for this object in a foreground deletion.'),
      },
      ['apiVersion', 'kind', 'name', 'uid'],
    ),
    ManagedFieldsEntry: object('The fields that one manager set.', {
      manager: text('Who set them.'),
      operation: text('Apply or Update.'),
      apiVersion: text('API version in which they were set.'),
      time: ref('Time', 'When they were last set.'),
      fieldsType: text('The form of fieldsV1.'),
      fieldsV1: ref('FieldsV1', 'The fields.'),
      subresource: text('The subresource by which they were set.'),
    }),
    ListMeta: object('Metadata of a list.', {
      selfLink: text('No longer used.'),
      resourceVersion: text('Opaque version of the list: where a watch goes on from.'),
      continue: text('Token for the next page; empty on the last.'),
      remainingItemCount: integer('How many items follow this page.'),
    }),
    Status: object('The outcome of a request that returns no object.', {
      ...TYPE_META,
      metadata: ref('ListMeta', 'Metadata of a list.'),
      status: text('Success or Failure.'),
      message: text('What went wrong, for people.'),
      reason: text('What went wrong, for programs.'),
      details: ref('StatusDetails', 'What it is about.'),
      code: integer('HTTP status code.', 'int32'),
    }),
    StatusDetails: STATUS_DETAILS,
    StatusCause: object('What is wrong with one field.', {
      reason: text('What is wrong, for programs.'),
      message: text('What is wrong, for people.'),
      field: text('Path of the field.'),
    }),
    DeleteOptions: DELETE_OPTIONS,
    Preconditions: object('What must hold for an operation to be carried out.', {
      uid: text('The UID that the object must have.'),
      resourceVersion: text('The version that the object must have.'),
    }),
  } satisfies Record<string, Component>).map(([kind, component]) => [metaComponentName(kind), component]),
);
