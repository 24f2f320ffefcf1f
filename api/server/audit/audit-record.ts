import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { AuditLevel, AuditRule } from '../../../lib/audit-rule.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Authorize } from '../auth/authorize.ts';
import type { User } from '../auth/user.ts';
import { decodeBody } from '../http/decode-body.ts';
import { bodyOf } from '../http/read-body.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { type AuditStage, auditEvent } from './audit-event.ts';
import type { AuditSink } from './audit-file.ts';
import { auditLevel } from './policy.ts';

/** What an audit log is made of. */
export interface AuditOptions {
  readonly rules: readonly AuditRule[];
  readonly sink: AuditSink;
}

export interface AuditRecordOptions {
  /** Absent: nothing is written, and requests have their ids all the same. */
  readonly audit: AuditOptions | undefined;
  readonly clock: Clock;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly onEvent: (level: AuditLevel) => void;
}

/** A client's own id is kept where it can stand in a header and a log. */
const CLIENT_ID = /^[\w.:-]{1,64}$/;
/** A body that is larger is left out, with an annotation. */
const OBJECT_BYTES_MAX = 100 * 1024;

/** Gathers what the audit tells of one request. */
export class AuditRecord {
  readonly #options: AuditRecordOptions;
  readonly #receivedMs: number;
  readonly #auditId: string;
  readonly #annotations: Record<string, string> = {};
  #user: User | undefined;
  #actsAs: User | undefined;
  #status: JsonRecord | undefined;
  #responseObject: () => unknown = () => undefined;

  constructor(options: AuditRecordOptions) {
    const given = options.request.headers['audit-id'];
    this.#options = options;
    this.#receivedMs = options.clock.nowMs();
    this.#auditId = typeof given === 'string' && CLIENT_ID.test(given) ? given : randomUUID();
    options.response.setHeader('audit-id', this.#auditId);
  }

  /** Who asks, and as whom. */
  setUsers(authenticated: User, user: User): void {
    this.#user = authenticated;
    this.#actsAs = user === authenticated ? undefined : user;
  }

  annotate(key: string, value: string): void {
    this.#annotations[key] = value;
  }

  /** The same authoriser; what it first says of the request itself is noted. */
  observe(authorize: Authorize): Authorize {
    return (asked) => {
      const decision = authorize(asked);
      this.#annotations['authorization.k8s.io/decision'] ??= decision.allowed ? 'allow' : 'forbid';
      this.#annotations['authorization.k8s.io/reason'] ??= decision.reason;
      return decision;
    };
  }

  /** What was answered, read only where it is written; and the Status, where it was an error. */
  setAnswer(object: () => unknown, status?: JsonRecord): void {
    this.#responseObject = object;
    this.#status = status;
  }

  /** A watch's headers are out. */
  started(): void {
    this.#write('ResponseStarted');
  }

  /** The response is through, or the client is gone. */
  finish(): void {
    this.#write('ResponseComplete');
  }

  #write(stage: AuditStage): void {
    const { audit, clock, request, response, info, onEvent } = this.#options;
    if (audit === undefined) return;
    const level = auditLevel(audit.rules, this.#user, info);
    if (level === 'None') return;
    const event = auditEvent({
      level,
      stage,
      auditId: this.#auditId,
      request,
      info,
      user: this.#user,
      impersonated: this.#actsAs,
      responseStatus: this.#responseStatus(response.statusCode),
      requestObject: level === 'Metadata' ? undefined : this.#bounded(this.#requestObject()),
      responseObject: level === 'RequestResponse' ? this.#bounded(this.#responseObject()) : undefined,
      receivedMs: this.#receivedMs,
      nowMs: clock.nowMs(),
      annotations: this.#annotations,
    });
    onEvent(level);
    audit.sink.write(JSON.stringify(event));
  }

  #responseStatus(code: number): JsonRecord {
    const { status, message, reason } = this.#status ?? {};
    return this.#status === undefined
      ? { metadata: {}, code }
      : { metadata: {}, status, message, reason, code };
  }

  #requestObject(): unknown {
    const { request } = this.#options;
    const body = bodyOf(request);
    if (body === undefined || body.length === 0 || body.length > OBJECT_BYTES_MAX) return undefined;
    try {
      const isPatch = request.method === 'PATCH';
      return isPatch ? JSON.parse(body.toString()) : decodeBody(body, request.headers['content-type']).object;
    } catch {
      // The client was told what is wrong with its body; there is no object to show.
      return undefined;
    }
  }

  #bounded(object: unknown): unknown {
    if (object === undefined) return undefined;
    if (Buffer.byteLength(JSON.stringify(object)) <= OBJECT_BYTES_MAX) return object;
    this.#annotations['audit.k8s.io/truncated'] = 'true';
    return undefined;
  }
}
