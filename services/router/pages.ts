import { EDGE_ANSWERS, EDGE_REASONS, type EdgeReason } from './reasons.ts';

/** A file of the edge's own answers, by its name below the page directory. */
export interface PageFile {
  readonly name: string;
  readonly content: string;
}

/** The two forms of each answer. */
export const PAGE_FORMS = ['html', 'json'] as const;
export type PageForm = (typeof PAGE_FORMS)[number];

export const CONTENT_TYPES: Readonly<Record<PageForm, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
};

/** Headers of every answer of the edge, besides those that depend on the reason. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Reasons that HAProxy itself finds out while it talks to a VM or to holt-router: their answers are whole HTTP messages on disk. */
export const UPSTREAM_REASONS = [
  'upstream-unreachable',
  'upstream-timeout',
  'vm-standby',
] as const satisfies readonly EdgeReason[];

/** The headers that say why and when to come back. */
export function reasonHeaders(reason: EdgeReason): Readonly<Record<string, string>> {
  const { retryAfterSeconds } = EDGE_ANSWERS[reason];
  return {
    'x-holt-reason': reason,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  };
}

/** Every page file: `<reason>.<form>` bodies, and `<reason>.<form>.http` messages of the upstream reasons. */
export function pageFiles(devLogin: boolean): readonly PageFile[] {
  const bodies = EDGE_REASONS.flatMap((reason) =>
    PAGE_FORMS.map((form) => ({ name: `${reason}.${form}`, content: pageBody(reason, form, devLogin) })),
  );
  const messages = UPSTREAM_REASONS.flatMap((reason) =>
    PAGE_FORMS.map((form) => ({ name: `${reason}.${form}.http`, content: pageMessage(reason, form) })),
  );
  return [...bodies, ...messages];
}

function pageBody(reason: EdgeReason, form: PageForm, devLogin: boolean): string {
  return form === 'json' ? problemDocument(reason) : htmlPage(reason, devLogin);
}

/** RFC 9457 fields, and those that all of Holt's errors have. */
function problemDocument(reason: EdgeReason): string {
  const { status, title, detail, retryAfterSeconds } = EDGE_ANSWERS[reason];
  const problem = {
    type: 'about:blank',
    title,
    status,
    detail,
    reason,
    domain: 'edge.holt.dev',
    retryable: retryAfterSeconds !== undefined,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
  return `${JSON.stringify(problem)}\n`;
}

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.6 system-ui,sans-serif;
background:#f6f7f9;color:#1d2530}
main{max-width:28rem;padding:2.5rem;margin:1rem;border-radius:1rem;background:#fff;
box-shadow:0 1px 2px #0001,0 12px 40px #0000000f}
h1{margin:0 0 .5rem;font-size:1.35rem;line-height:1.3}
p{margin:.5rem 0}
small{color:#76808f}
code{font-size:.85em;padding:.1em .35em;border-radius:.3em;background:#8881}
.bar{height:3px;margin:0 0 1.5rem;border-radius:3px;overflow:hidden;background:#8882}
.bar i{display:block;width:35%;height:100%;border-radius:3px;background:#3b6cf6;animation:run 1.4s ease-in-out infinite}
@keyframes run{from{margin-left:-35%}to{margin-left:100%}}
@media (prefers-reduced-motion:reduce){.bar i{animation:none;width:100%;opacity:.4}}
@media (prefers-color-scheme:dark){body{background:#12161c;color:#e4e8ee}main{background:#1a2029;box-shadow:none}}`;

function htmlPage(reason: EdgeReason, devLogin: boolean): string {
  const { status, title, detail, retryAfterSeconds, refresh } = EDGE_ANSWERS[reason];
  const isWaiting = refresh === true && retryAfterSeconds !== undefined;
  const lines = [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    ...(isWaiting ? [`<meta http-equiv="refresh" content="${retryAfterSeconds}">`] : []),
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    '<main>',
    ...(isWaiting ? ['<div class="bar"><i></i></div>'] : []),
    `<h1>${title}</h1>`,
    `<p>${detail}</p>`,
    ...(devLogin && status === 401
      ? [`<p>In development: <code>npx holt session create USER -o url</code></p>`]
      : []),
    `<p><small>${status} · ${reason}</small></p>`,
    '</main>',
    '</html>',
  ];
  return `${lines.join('\n')}\n`;
}

/** A whole HTTP message: HAProxy sends such a file as it is when a connection to a VM fails. */
function pageMessage(reason: (typeof UPSTREAM_REASONS)[number], form: PageForm): string {
  const { status } = EDGE_ANSWERS[reason];
  const body = pageBody(reason, form, false);
  const headers = {
    'content-type': CONTENT_TYPES[form],
    'content-length': String(Buffer.byteLength(body)),
    ...PAGE_HEADERS,
    ...reasonHeaders(reason),
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const phrase = status === 504 ? 'Gateway Timeout' : 'Service Unavailable';
  return [`HTTP/1.1 ${status} ${phrase}`, ...head, '', body].join('\r\n');
}
