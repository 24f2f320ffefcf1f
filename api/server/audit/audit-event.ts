import type { IncomingMessage } from 'node:http';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { AuditLevel } from '../../../lib/audit-rule.ts';
import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../http/request-info.ts';

export type AuditStage = 'ResponseStarted' | 'ResponseComplete';

/** What is known of a request when an event of it is written. */
export interface AuditFacts {
  readonly level: AuditLevel;
  readonly stage: AuditStage;
  readonly auditId: string;
  readonly request: IncomingMessage;
  readonly info: RequestInfo;
  readonly user: User | undefined;
  /** Set where the user acts as somebody else. */
  readonly impersonated: User | undefined;
  readonly responseStatus: JsonRecord;
  readonly requestObject: unknown;
  readonly responseObject: unknown;
  readonly receivedMs: number;
  readonly nowMs: number;
  readonly annotations: Readonly<Record<string, string>>;
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function userInfo(user: User | undefined): JsonRecord {
  if (user === undefined) return {};
  const { name: username, uid, groups, extra } = user;
  return {
    username,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}

function objectRef(info: RequestInfo): JsonRecord {
  const named = {
    resource: info.resource,
    namespace: info.namespace,
    name: info.name,
    apiGroup: info.group,
    apiVersion: info.version,
    subresource: info.subresource,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ''));
}

/** An audit.k8s.io/v1 Event. */
export function auditEvent(facts: AuditFacts): JsonRecord {
  const { request, info, requestObject, responseObject, annotations } = facts;
  const address = request.socket.remoteAddress;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: facts.level,
    auditID: facts.auditId,
    stage: facts.stage,
    requestURI: request.url ?? '',
    verb: info.verb,
    user: userInfo(facts.user),
    ...(facts.impersonated === undefined ? {} : { impersonatedUser: userInfo(facts.impersonated) }),
    sourceIPs: address === undefined ? [] : [address],
    userAgent: request.headers['user-agent'] ?? '',
    ...(info.isResource ? { objectRef: objectRef(info) } : {}),
    responseStatus: facts.responseStatus,
    ...(requestObject === undefined ? {} : { requestObject }),
    ...(responseObject === undefined ? {} : { responseObject }),
    requestReceivedTimestamp: microTime(facts.receivedMs),
    stageTimestamp: microTime(facts.nowMs),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
