import { parse as parseYaml } from 'yaml';
import type { RawAnswer, RawRequest } from './raw-connection.ts';

/** Answers of the HTTP parser itself, for what is no HTTP: no Status, as upstream. */
const PARSER_CODES: ReadonlySet<number> = new Set([400, 408, 413, 417, 431]);

interface StatusLike {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly status?: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
}

function statusProblem(value: unknown, code: number): string | undefined {
  const status = (typeof value === 'object' && value !== null ? value : {}) as StatusLike;
  const isStatus =
    status.kind === 'Status' &&
    status.apiVersion === 'v1' &&
    status.status === 'Failure' &&
    status.code === code &&
    typeof status.reason === 'string' &&
    typeof status.message === 'string';
  return isStatus ? undefined : `a ${code} that is no Status: ${JSON.stringify(value)?.slice(0, 300)}`;
}

/** A path that is not served is answered as a Go server does, without a Status: so is upstream's. */
const NOT_SERVED = '404 page not found\n';

function bodyProblem({ code, headers, body }: RawAnswer): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0];
  if (code === 404 && type === 'text/plain' && body.toString() === NOT_SERVED) return undefined;
  const isError = code >= 400;
  try {
    if (type === 'application/json') {
      const value: unknown = JSON.parse(body.toString());
      return isError ? statusProblem(value, code) : undefined;
    }
    if (type === 'application/yaml')
      return isError ? statusProblem(parseYaml(body.toString()), code) : undefined;
  } catch (error) {
    return `a body that is not ${type}: ${String(error)}: ${body.toString().slice(0, 300)}`;
  }
  if (type?.startsWith('application/vnd.kubernetes.protobuf'))
    return body.subarray(0, 4).toString('latin1') === 'k8s\0' ? undefined : 'a body that is no protobuf';
  return isError ? `a ${code} of type ${type}` : undefined;
}

/** What is wrong with an answer, whatever was asked; undefined: nothing. */
export function problemOf(request: RawRequest, answer: RawAnswer | undefined): string | undefined {
  if (answer === undefined) return 'the connection ended without an answer';
  const { code, headers, body } = answer;
  if (code >= 500 && code !== 504) return `${code}: ${body.toString().slice(0, 500)}`;
  if (code < 200) return `status ${code}`;
  if (answer.isStream || request.method === 'HEAD' || code === 304) return undefined;
  if (PARSER_CODES.has(code) && headers.connection === 'close' && body.length === 0) return undefined;
  return bodyProblem(answer);
}
