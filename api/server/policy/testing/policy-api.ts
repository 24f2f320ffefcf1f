import type { TestApi, TestObject, TestResponse } from '../../../testing/test-api.ts';
import { waitUntil } from '../../../testing/wait-until.ts';

export const ADMISSION_PATH = '/apis/admissionregistration.k8s.io/v1';
const API_VERSION = 'admissionregistration.k8s.io/v1';

/** A rule about creates and updates of one resource. */
export function resourceRule(
  group: string,
  resource: string,
  operations: readonly string[] = ['CREATE', 'UPDATE'],
) {
  return { operations, apiGroups: [group], apiVersions: ['*'], resources: [resource] };
}

/** A policy by its spec. */
export function policyOf(name: string, spec: TestObject): TestObject {
  return { apiVersion: API_VERSION, kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec };
}

/** A binding by its spec; it denies where nothing else is said. */
export function bindingOf(name: string, policyName: string, spec: TestObject = {}): TestObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName, validationActions: ['Deny'], ...spec },
  };
}

export function postPolicy(api: TestApi, policy: TestObject): Promise<TestResponse> {
  return api.send({
    method: 'POST',
    path: `${ADMISSION_PATH}/validatingadmissionpolicies?fieldValidation=Strict`,
    body: policy,
  });
}

export function postBinding(api: TestApi, binding: TestObject): Promise<TestResponse> {
  return api.send({
    method: 'POST',
    path: `${ADMISSION_PATH}/validatingadmissionpolicybindings?fieldValidation=Strict`,
    body: binding,
  });
}

/** Sends until the answer is as wanted: a policy is in force once the server's memory has it. */
export async function sendUntil(
  what: string,
  send: () => Promise<TestResponse>,
  wanted: (answer: TestResponse) => boolean,
): Promise<TestResponse> {
  let last: TestResponse | undefined;
  await waitUntil(what, async () => {
    last = await send();
    return wanted(last);
  });
  if (last === undefined) throw new Error(`${what}: nothing was sent`);
  return last;
}

/** Takes a policy and its binding of the same name away. */
export async function removePolicy(api: TestApi, name: string): Promise<void> {
  for (const plural of ['validatingadmissionpolicybindings', 'validatingadmissionpolicies'])
    await api.send({ method: 'DELETE', path: `${ADMISSION_PATH}/${plural}/${name}` });
}
