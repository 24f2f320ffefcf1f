import {
  SESSION_COOKIE_NAME,
  SESSION_TOKEN_ALGORITHM,
  SESSION_TOKEN_AUDIENCE,
} from '../../lib/session-token.ts';
import { ACCESS_LOG_FORMAT } from './access-log-format.ts';
import type { HaproxyOptions } from './haproxy-config.ts';
import { FIELD_SEPARATOR } from './route-table.ts';

/**
 * The listener. It passes each request on, over a connection of its own, to the frontend that does the work:
 * where a VM fails, HAProxy closes a client's connection without any answer unless the request is the first one
 * on it, and a client that keeps its connection would get no page.
 */
export function listenerSection(options: HaproxyOptions): readonly string[] {
  return [
    'listen edge from edge',
    `bind 127.0.0.1:${options.listenPort}`,
    'http-reuse never',
    'option http-server-close',
    'timeout server 6m',
    '# A VM that was asleep is up: the request, where all of it is in the buffer, is looked up and sent anew.',
    'retry-on 425',
    'retries 1',
    `server requests unix@${options.requestSocket} send-proxy-v2`,
  ];
}

/** From a raw request to a verified user, a route and the headers that say so. */
export function requestsSection(options: HaproxyOptions): readonly string[] {
  return [
    'frontend requests from edge',
    `bind unix@${options.requestSocket} mode 600 accept-proxy`,
    'log global',
    `log-format ${ACCESS_LOG_FORMAT}`,
    '',
    ...normalisation(),
    '',
    ...session(options),
    '',
    ...routing(options),
    '',
    ...forwardedHeaders(),
    '',
    'acl sleeps var(txn.reason) -m str vm-standby',
    'use_backend waking_json if sleeps wants_json',
    'use_backend waking_html if sleeps',
    'use_backend pages if refused',
    ...(options.devLogin ? ['use_backend login if { path /.holt/login }'] : []),
    'use_backend guests_json if wants_json',
    'default_backend guests_html',
  ];
}

/** One spelling of each path, and no header of ours or of one hop alone from a client. */
function normalisation(): readonly string[] {
  return [
    '# One spelling of each path before anything looks at it; what is looked at is what is forwarded.',
    'http-request normalize-uri fragment-strip',
    'http-request normalize-uri percent-decode-unreserved',
    'http-request normalize-uri path-strip-dot',
    'http-request normalize-uri path-strip-dotdot full',
    'http-request set-var(txn.path) path,bytes(0,512)',
    '',
    '# W3C trace context: a valid one passes, any other is replaced.',
    'acl has_trace req.hdr(traceparent) -m reg ^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
    'acl zero_trace req.hdr(traceparent) -m reg ^00-(0{32}-.*|[0-9a-f]{32}-0{16}-.*)$',
    'acl one_trace req.hdr_cnt(traceparent) eq 1',
    'http-request set-var(txn.trace) req.hdr(traceparent) if has_trace one_trace !zero_trace',
    'acl keeps_trace var(txn.trace) -m found',
    'http-request del-header tracestate unless keeps_trace',
    'http-request set-var(txn.span) uuid,regsub(-,,g),bytes(0,16) unless keeps_trace',
    'http-request set-var(txn.trace_id) uuid,regsub(-,,g) unless keeps_trace',
    'http-request set-var(txn.trace) str(00-),concat(,txn.trace_id,-),concat(,txn.span,-01) unless keeps_trace',
    'http-request set-header traceparent %[var(txn.trace)]',
    '',
    '# Headers that say who somebody is are ours alone, in every spelling that a server might take for them.',
    'http-request del-header ^x[^a-z0-9]holt -m reg',
    'http-request del-header x-forwarded- -m beg',
    'http-request del-header forwarded',
    'http-request del-header x-real-ip',
    '# Hop-by-hop: a client could name our headers in Connection and have the next hop drop them.',
    'acl websocket req.hdr(upgrade) -i -m str websocket',
    'http-request del-header proxy -m beg',
    'http-request del-header http2-settings',
    'http-request set-header connection upgrade if websocket',
    'http-request del-header connection unless websocket',
    'http-request del-header upgrade unless websocket',
    '',
    'acl wants_html req.hdr(accept) -m sub text/html',
    'acl accepts_json req.hdr(accept) -m sub application/json',
    'http-request set-var(txn.form) str(json) if accepts_json !wants_html',
    'acl wants_json var(txn.form) -m str json',
    'acl refused var(txn.reason) -m found',
    'acl reserved path /.holt',
    'acl reserved path_beg /.holt/',
  ];
}

/** From the cookie to a verified user, or the reason why not. Each rule runs only while none before it refused. */
function session(options: HaproxyOptions): readonly string[] {
  const { devLogin, revokedMap, sessionPublicKey } = options;
  const refuse = (reason: string, condition: string) =>
    `http-request set-var(txn.reason) str(${reason}) if !refused ${condition}`;
  return [
    'http-request return status 200 content-type text/plain string "ok\\n" hdr cache-control no-store if { path /.holt/healthz }',
    ...(devLogin ? loginPaths() : [refuse('reserved-path', 'reserved')]),
    refuse('bad-request', '{ method CONNECT }'),
    '',
    `http-request set-var(txn.token) req.cook(${SESSION_COOKIE_NAME}) if !reserved`,
    refuse('no-session', '!{ var(txn.token) -m found }'),
    refuse('invalid-session', `!reserved { req.cook_cnt(${SESSION_COOKIE_NAME}) gt 1 }`),
    refuse(
      'invalid-session',
      '!{ var(txn.token) -m reg ^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$ }',
    ),
    refuse(
      'invalid-session',
      `!{ var(txn.token),jwt_header_query('$.alg') -m str ${SESSION_TOKEN_ALGORITHM} }`,
    ),
    refuse(
      'invalid-session',
      `!{ var(txn.token),jwt_verify(${SESSION_TOKEN_ALGORITHM},${sessionPublicKey}) -m int 1 }`,
    ),
    refuse(
      'invalid-session',
      `!{ var(txn.token),jwt_payload_query('$.aud') -m str ${SESSION_TOKEN_AUDIENCE} }`,
    ),
    "http-request set-var(txn.expires) var(txn.token),jwt_payload_query('$.exp','int') if !refused",
    refuse('invalid-session', '!{ var(txn.expires) -m found }'),
    'http-request set-var(txn.now) date',
    refuse('expired-session', '!{ var(txn.expires),sub(txn.now) -m int gt 0 }'),
    "http-request set-var(txn.sid) var(txn.token),jwt_payload_query('$.sid') if !refused",
    refuse('invalid-session', '!{ var(txn.sid) -m found }'),
    refuse('invalid-session', `{ var(txn.sid),map_str(${revokedMap}) -m found }`),
    "http-request set-var(txn.user) var(txn.token),jwt_payload_query('$.sub') if !refused",
    refuse('invalid-session', '!{ var(txn.user) -m reg ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ }'),
    '',
    ...stripCookie(),
    refuse('invalid-session', `{ req.fhdr(cookie) -m reg (^|;)[\\ \\t]*${SESSION_COOKIE_NAME}[\\ \\t]*= }`),
  ];
}

/** Development: a token in the query is verified by the rules for cookies, and becomes one. */
function loginPaths(): readonly string[] {
  const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
  return [
    `http-request return status 303 hdr location / hdr cache-control no-store hdr set-cookie "${SESSION_COOKIE_NAME}=; ${attributes}; Max-Age=0" if { path /.holt/logout }`,
    'http-request set-var(txn.reason) str(reserved-path) if reserved !{ path /.holt/login }',
    'http-request set-var(txn.token) url_param(token) if { path /.holt/login }',
  ];
}

/** The session cookie never reaches a guest; every other cookie does. */
function stripCookie(): readonly string[] {
  const pair = `${SESSION_COOKIE_NAME}[ \\t]*=[^;]*`;
  return [
    `http-request replace-header cookie '^[ \\t]*${pair};?[ \\t]*(.*)$' '\\1'`,
    `http-request replace-header cookie '^(.*?)[ \\t]*;[ \\t]*${pair}(.*)$' '\\1\\2'`,
    'http-request del-header cookie if { req.fhdr_cnt(cookie) eq 1 } { req.fhdr(cookie) -m len 0 }',
  ];
}

/** From the verified user and the path to a route, in one look-up: its fields are of one moment. */
function routing(options: HaproxyOptions): readonly string[] {
  const { routesMap, vmSubnet } = options;
  const bridge = vmSubnet.replace(/\.0\.0\/16$/, '.0.1');
  const field = (name: string, index: number) =>
    `http-request set-var(txn.${name}) var(txn.entry),field(${index},${FIELD_SEPARATOR}) if !refused`;
  return [
    'acl is_dev path /dev',
    'acl is_dev path_beg /dev/',
    'http-request set-var(txn.route) str(live)',
    'http-request set-var(txn.route) str(dev) if is_dev',
    `http-request set-var(txn.entry) var(txn.user),concat(/,txn.route),map_str(${routesMap}) if !refused !reserved`,
    'http-request set-var(txn.reason) str(unknown-user) if !refused !reserved !{ var(txn.entry) -m found }',
    field('state', 1),
    field('vm_id', 2),
    field('ip', 3),
    field('container', 4),
    field('boot_id', 5),
    'http-request set-var(txn.reason) var(txn.state) if !refused !reserved !{ var(txn.state) -m str ready }',
    '# Whatever stands in the map: only addresses of VMs are ever connected to.',
    `acl vm_address var(txn.ip) -m ip ${vmSubnet}`,
    `acl bridge_address var(txn.ip) -m ip ${bridge}`,
    'http-request set-var(txn.reason) str(route-refused) if !refused !reserved !vm_address',
    'http-request set-var(txn.reason) str(route-refused) if !refused !reserved bridge_address',
  ];
}

function forwardedHeaders(): readonly string[] {
  return [
    'http-request set-header x-holt-user %[var(txn.user)]',
    'http-request set-header x-holt-vm-id %[var(txn.vm_id)]',
    'http-request set-header x-holt-route %[var(txn.route)]',
    'http-request set-header x-forwarded-for %[src]',
    'http-request set-header x-forwarded-host %[req.hdr(host)]',
    'http-request set-header x-forwarded-proto http',
    'http-request set-header x-forwarded-prefix /dev if is_dev',
  ];
}
