import { SESSION_COOKIE_NAME } from '../../lib/session-token.ts';
import type { HaproxyOptions } from './haproxy-config.ts';
import { CONTENT_TYPES, PAGE_FORMS, PAGE_HEADERS, type PageForm, reasonHeaders } from './pages.ts';
import { EDGE_ANSWERS, EDGE_REASONS, type EdgeReason } from './reasons.ts';

/** The port of every guest's ingress; not in the route table, so that no entry can name another. */
const GUEST_INGRESS_PORT = 8080;

/** Where requests go: to a VM, to a page, or (development) to the login. */
export function backendSections(options: HaproxyOptions): readonly (readonly string[])[] {
  return [
    ...PAGE_FORMS.map((form) => guestsBackend(options, form)),
    ...PAGE_FORMS.map((form) => wakingBackend(options, form)),
    pagesBackend(options),
    ...(options.devLogin ? [loginBackend()] : []),
  ];
}

/**
 * The connection to a VM. There are two that differ in the form of the pages alone: what HAProxy sends when a
 * connection fails belongs to the backend.
 */
function guestsBackend(options: HaproxyOptions, form: PageForm): readonly string[] {
  const { netns, pages } = options;
  const errorfile = (code: number, reason: EdgeReason) => `errorfile ${code} ${pages}/${reason}.${form}.http`;
  const answer = (reason: EdgeReason, ...guestReasons: string[]) => [
    `http-response set-var(txn.reason) str(${reason}) if { var(txn.guest_reason) -m str ${guestReasons.join(' ')} }`,
    `http-response return ${pageReturn(pages, reason, form)} if { var(txn.reason) -m str ${reason} }`,
  ];
  return [
    `backend guests_${form} from edge`,
    errorfile(502, 'upstream-unreachable'),
    errorfile(503, 'upstream-unreachable'),
    errorfile(504, 'upstream-timeout'),
    "# One connection a request: no connection of one user's VM is ever there for another request.",
    'http-reuse never',
    'option http-server-close',
    'http-request set-dst var(txn.ip)',
    `http-request set-dst-port int(${GUEST_INGRESS_PORT})`,
    '',
    '# The guest ingress says in x-holt-reason why it answers instead of a container.',
    'http-response set-var(txn.guest_reason) res.hdr(x-holt-reason) if { status 421 502 503 504 }',
    ...answer('upstream-unreachable', 'wrong-vm'),
    ...answer('container-not-ready', 'not-routed', 'container-unreachable', 'container-failed'),
    ...answer('upstream-timeout', 'container-timeout'),
    '# What a sandbox may not say.',
    'http-response del-header x-holt- -m beg',
    'http-response del-header service-worker-allowed',
    `http-response replace-header set-cookie '^[ \\t=]*(?i)${SESSION_COOKIE_NAME}[ \\t]*(=.*)?$' %[str()]`,
    'http-response del-header set-cookie if { res.fhdr_cnt(set-cookie) eq 1 } { res.fhdr(set-cookie) -m len 0 }',
    '',
    '# The address comes from set-dst; port 0 is needed, or HAProxy would add set-dst-port to it.',
    `server any 0.0.0.0:0 namespace ${netns}`,
  ];
}

/** holt-router wakes the VM and says when to send the request anew; without it there is the page. */
function wakingBackend({ pages, wakeSocket }: HaproxyOptions, form: PageForm): readonly string[] {
  return [
    `backend waking_${form} from edge`,
    ...[502, 503, 504].map((code) => `errorfile ${code} ${pages}/vm-standby.${form}.http`),
    'timeout server 30s',
    'http-reuse never',
    `http-response return ${pageReturn(pages, 'vm-standby', form)} unless { status 425 }`,
    `server waker unix@${wakeSocket}`,
  ];
}

function pagesBackend(options: HaproxyOptions): readonly string[] {
  const forReason = (reason: EdgeReason) => [
    `http-request return ${pageReturn(options.pages, reason, 'json')} if wants_json { var(txn.reason) -m str ${reason} }`,
    `http-request return ${pageReturn(options.pages, reason, 'html')} if { var(txn.reason) -m str ${reason} }`,
  ];
  return [
    'backend pages from edge',
    'acl wants_json var(txn.form) -m str json',
    ...EDGE_REASONS.flatMap(forReason),
    '# A state that this configuration does not know yet.',
    `http-request return ${pageReturn(options.pages, 'vm-starting', 'html')}`,
  ];
}

/** Development only. The token was verified by the rules that cookies are. */
function loginBackend(): readonly string[] {
  const cookie = `${SESSION_COOKIE_NAME}=%[var(txn.token)]; Path=/; Secure; HttpOnly; SameSite=Lax`;
  return [
    'backend login from edge',
    `http-request return status 303 hdr location / hdr cache-control no-store hdr referrer-policy no-referrer hdr set-cookie "${cookie}"`,
  ];
}

function pageReturn(pages: string, reason: EdgeReason, form: PageForm): string {
  const headers = { ...PAGE_HEADERS, ...reasonHeaders(reason) };
  const hdr = Object.entries(headers).map(([name, value]) => `hdr ${name} "${value}"`);
  const { status } = EDGE_ANSWERS[reason];
  return [
    `status ${status} content-type "${CONTENT_TYPES[form]}" file ${pages}/${reason}.${form}`,
    ...hdr,
  ].join(' ');
}
