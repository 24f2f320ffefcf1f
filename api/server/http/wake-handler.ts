import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { updateObject } from '../write/update.ts';
import type { Answer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { readBody } from './read-body.ts';
import { storedAnswer, writeRequest } from './write-handlers.ts';

/** A VM in standby is to run. Every other power state stays: what a person stopped or paused is not woken. */
function awake(current: ApiObject): JsonRecord {
  const spec = isRecord(current.spec) ? current.spec : {};
  if (spec.powerState !== 'Standby') return current as unknown as JsonRecord;
  return { ...current, spec: { ...spec, powerState: 'Running' } };
}

/**
 * POST to `uservms/NAME/wake`: sets `spec.powerState` from Standby to Running, and can do nothing else. Who may
 * create this subresource needs no right to write UserVMs. The body is not looked at; the answer is the UserVM.
 * @throws StatusError
 */
export async function answerWake(api: ApiRequest, name: string): Promise<Answer> {
  await readBody(api.request);
  const write = { ...writeRequest(api, name), subresource: '' };
  return storedAnswer(api, await updateObject(write, awake), 200);
}
