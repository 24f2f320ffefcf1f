import { waitUntil } from '../../api/testing/wait-until.ts';
import type { ApiConnections } from './api-connections.ts';
import { OBJECT_DEFINITION, OBJECTS } from './objects.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Waits for the server, declares the kind of the benchmark's objects and waits until it is served. */
export async function untilServed(connect: (count: number) => ApiConnections): Promise<void> {
  const probe = connect(1);
  const answers = (path: string) => () =>
    probe.send('GET', path).then(
      () => true,
      () => false,
    );
  try {
    await waitUntil('the API server to answer', answers(DEFINITIONS));
    await probe.send('POST', DEFINITIONS, JSON.stringify(OBJECT_DEFINITION));
    await waitUntil("the benchmark's kind to be served", answers(OBJECTS));
  } finally {
    await probe.close();
  }
}
