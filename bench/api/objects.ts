/** The objects of the API benchmarks: custom resources of 1.5 KB each, as every API server with CRDs takes them. */
const OBJECT_BYTES = 1_500;

const GROUP = 'bench.holt.dev';

export const OBJECTS = `/apis/${GROUP}/v1/namespaces/default/fillers`;

/** The CustomResourceDefinition of the objects. */
export const OBJECT_DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `fillers.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { kind: 'Filler', plural: 'fillers', singular: 'filler' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { holder: { type: 'string' } } } },
          },
        },
      },
    ],
  },
};

export function objectName(index: number): string {
  return `bench-${String(index).padStart(8, '0')}`;
}

/** The JSON of an object, at `version` of its content. */
export function objectJson(index: number, version = 0): string {
  return JSON.stringify({
    apiVersion: `${GROUP}/v1`,
    kind: 'Filler',
    metadata: {
      name: objectName(index),
      namespace: 'default',
      annotations: { filler: 'x'.repeat(OBJECT_BYTES - 300) },
    },
    spec: { holder: `holder-${version}` },
  });
}

/** What etcd is given in the comparison: as many bytes as the object has. */
export function objectBytes(): Buffer {
  return Buffer.alloc(OBJECT_BYTES, 'x');
}
