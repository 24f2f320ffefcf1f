import type { Environment } from '@marcbachmann/cel-js';

const SYNC = { async: false };

/** A URL in its parts, as Go has it. */
class Url {
  readonly scheme: string;
  /** With the port, as it was written. */
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(scheme: string, host: string, path: string, query: string) {
    this.scheme = scheme;
    this.host = host;
    this.path = path;
    this.query = query;
  }

  get hostname(): string {
    const bracketed = /^\[(.*)\]/.exec(this.host)?.[1];
    return bracketed ?? this.host.replace(/:\d*$/, '');
  }

  get port(): string {
    return /:(\d+)$/.exec(this.host)?.[1] ?? '';
  }
}

/** An IPv6 address in brackets, or a name; a port of digits. */
const AUTHORITY = /^(?:([^@[\]]*)@)?(\[[0-9A-Fa-f:.]+(?:%25[^\]]*)?\]|[^[\]@:<>" ]*)(?::(\d*))?$/;
const PERCENT = /%(?![0-9A-Fa-f]{2})/;

function invalid(text: string, why: string): RangeError {
  return new RangeError(
    `URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${why}`,
  );
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

/**
 * Absolute URLs and absolute paths alone.
 * Source: ParseRequestURI and Parse in Go's net/url
 * @throws RangeError
 */
export function parseUrl(text: string): Url {
  if (text === '') throw invalid(text, 'empty url');
  if (hasControl(text)) throw invalid(text, 'net/url: invalid control character in URL');
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text.replace(/#.*$/s, ''));
  const [, scheme = '', rest = ''] = match ?? [];
  if (scheme === '' && text.startsWith(':')) throw invalid(text, 'missing protocol scheme');
  const [hierarchy = '', ...queries] = rest.split('?');
  const query = queries.join('?');
  if (!hierarchy.startsWith('/')) {
    if (scheme === '') throw invalid(text, 'invalid URI for request');
    return new Url(scheme.toLowerCase(), '', '', query);
  }
  const [, authority = '', path = ''] =
    scheme !== '' && hierarchy.startsWith('//')
      ? (/^\/\/([^/]*)(.*)$/s.exec(hierarchy) ?? [])
      : ['', '', hierarchy];
  if (!AUTHORITY.test(authority)) throw invalid(text, 'invalid host or port');
  if (PERCENT.test(path) || PERCENT.test(authority)) throw invalid(text, 'invalid URL escape');
  return new Url(scheme.toLowerCase(), authority.replace(/^[^@]*@/, ''), path, query);
}

/** As Go escapes a path: what is escaped already stays. */
function escapedPath({ path }: Url): string {
  return encodeURI(path)
    .replaceAll(/%25([0-9A-Fa-f]{2})/g, '%$1')
    .replaceAll('#', '%23');
}

function queryOf({ query }: Url): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const values = result.get(name) ?? [];
    values.push(value);
    result.set(name, values);
  }
  return result;
}

function isUrl(text: string): boolean {
  try {
    parseUrl(text);
    return true;
  } catch {
    return false;
  }
}

/** `url` and what can be asked of one. Source: k8s.io/apiserver/pkg/cel/library/urls.go */
export function addUrls(environment: Environment): void {
  environment
    .registerType('kubernetes.URL', { ctor: Url, fields: {} })
    .registerFunction('isURL(string): bool', isUrl, SYNC)
    .registerFunction('url(string): kubernetes.URL', parseUrl, SYNC)
    .registerFunction('kubernetes.URL.getScheme(): string', ({ scheme }: Url) => scheme, SYNC)
    .registerFunction('kubernetes.URL.getHost(): string', ({ host }: Url) => host, SYNC)
    .registerFunction('kubernetes.URL.getHostname(): string', (url: Url) => url.hostname, SYNC)
    .registerFunction('kubernetes.URL.getPort(): string', (url: Url) => url.port, SYNC)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', escapedPath, SYNC)
    .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', queryOf, SYNC)
    .registerOperator(
      'kubernetes.URL == kubernetes.URL',
      (a: Url, b: Url) => JSON.stringify(a) === JSON.stringify(b),
    );
}
