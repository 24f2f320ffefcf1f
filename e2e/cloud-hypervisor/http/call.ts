import { ApiFailure, VmFailure } from '../api-failure.ts';
import { readFaults, untilNotHanging } from '../faults.ts';
import type { HttpRequest } from './request-parser.ts';
import type { AnswerRequest, HttpAnswer } from './server.ts';

/** One endpoint: its verb, what it takes, what it is called in errors, what it does. */
export interface Endpoint {
  readonly method: 'GET' | 'PUT';
  /** Whether a body must, or must not, be there. */
  readonly body: 'required' | 'none' | 'ignored';
  /** The API's words for a failure of this call. */
  readonly failure: string;
  /** The body that is read by `run`; throws ApiFailure 400. */
  readonly read?: (text: string) => unknown;
  /** Returns the answer's body as an object, `empty` for an empty 200, or undefined for 204. */
  readonly run: (body: unknown) => Promise<unknown>;
}

/** Result of an endpoint that answers 200 without a body. */
export const empty = Symbol('empty');

/** Endpoints with a handler of their own, which words even a method that none takes. */
const ownHandlers = new Set(['vmm.ping', 'vmm.shutdown', 'vm.info', 'vm.create']);

const notFoundCauses = new Set(['VM is not created', 'VM config is missing']);

/**
 * Turns requests into calls. All calls are served one after another, as the VMM's one API thread does.
 * `faultsPath`: see `Faults`.
 */
export function answerCalls(endpoints: ReadonlyMap<string, Endpoint>, faultsPath: string): AnswerRequest {
  let last: Promise<unknown> = Promise.resolve();
  return (request) => {
    const answer = last.then(() => answerOne(endpoints, faultsPath, request));
    last = answer;
    return answer;
  };
}

async function answerOne(
  endpoints: ReadonlyMap<string, Endpoint>,
  faultsPath: string,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const call = request.path.replace('/api/v1/', '');
  try {
    await untilNotHanging(faultsPath, call);
    const endpoint = request.path.startsWith('/api/v1/') ? endpoints.get(call) : undefined;
    if (endpoint === undefined) throw new ApiFailure(404, ['Not Found']);
    return await callEndpoint(endpoint, call, request, faultsPath);
  } catch (error) {
    if (error instanceof ApiFailure)
      return { statusCode: error.statusCode, body: JSON.stringify(error.causes) };
    throw error;
  }
}

async function callEndpoint(
  endpoint: Endpoint,
  call: string,
  request: HttpRequest,
  faultsPath: string,
): Promise<HttpAnswer> {
  if (request.method === 'PATCH' && !ownHandlers.has(call)) return { statusCode: 400 };
  const isBodyWrong =
    (endpoint.body === 'required' && request.body === undefined) ||
    (endpoint.body === 'none' && request.body !== undefined);
  if (request.method !== endpoint.method) throw new ApiFailure(400, ['Bad Request']);
  // The one endpoint of the real API that answers a missing body without words.
  if (isBodyWrong && call === 'vm.create') return { statusCode: 400 };
  if (isBodyWrong) throw new ApiFailure(400, ['Bad Request']);
  const body = endpoint.read?.(request.body ?? '');
  const planted = readFaults(faultsPath).fail?.[call];
  try {
    if (planted !== undefined) throw new VmFailure(...planted);
    const result = await endpoint.run(body);
    if (result === undefined) return { statusCode: 204 };
    return { statusCode: 200, body: result === empty ? '' : JSON.stringify(result) };
  } catch (error) {
    if (!(error instanceof VmFailure)) throw error;
    const statusCode = notFoundCauses.has(error.causes[0] ?? '') ? 404 : 500;
    throw new ApiFailure(statusCode, ['Error from API', endpoint.failure, ...error.causes]);
  }
}
