import { backendSections } from './haproxy-backends.ts';
import { listenerSection, requestsSection } from './haproxy-frontend.ts';

/** Everything that the edge's configuration depends on. Paths are absolute and free of spaces and quotes. */
export interface HaproxyOptions {
  readonly listenPort: number;
  /** UDP port of the access log's reader. */
  readonly logPort: number;
  readonly metricsPort: number;
  /** Network namespace in which the VMs are reached. */
  readonly netns: string;
  /** IPv4 /16 of the VMs, e.g. `10.66.0.0/16`; its .0.1 is the bridge. */
  readonly vmSubnet: string;
  readonly adminSocket: string;
  /** Unix socket between the listener and the frontend behind it. */
  readonly requestSocket: string;
  /** Unix socket on which holt-router answers for VMs in standby. */
  readonly wakeSocket: string;
  readonly routesMap: string;
  readonly revokedMap: string;
  /** Directory of the page files. */
  readonly pages: string;
  /** PEM of the key that session tokens are verified with. */
  readonly sessionPublicKey: string;
  readonly devLogin: boolean;
}

/** HAProxy reads no quotes inside our words: what is put into the configuration must not need any. */
function assertPlain(name: string, value: string): void {
  if (!/^[A-Za-z0-9/._-]+$/.test(value)) {
    throw new RangeError(
      `${name} must be made of letters, digits, "/", ".", "_" and "-", got ${JSON.stringify(value)}`,
    );
  }
}

/**
 * The whole configuration of the edge's HAProxy (>= 2.6). Pure: equal options give equal text.
 * @throws RangeError naming a path that HAProxy could misread
 */
export function haproxyConfig(options: HaproxyOptions): string {
  const {
    netns,
    vmSubnet,
    adminSocket,
    requestSocket,
    wakeSocket,
    routesMap,
    revokedMap,
    pages,
    sessionPublicKey,
  } = options;
  const words = {
    netns,
    vmSubnet,
    adminSocket,
    requestSocket,
    wakeSocket,
    routesMap,
    revokedMap,
    pages,
    sessionPublicKey,
  };
  for (const [name, value] of Object.entries(words)) assertPlain(name, value);
  const sections = [
    globalSection(options),
    defaultsSection(options),
    listenerSection(options),
    requestsSection(options),
    ...backendSections(options),
    metricsSection(options),
  ];
  return sections.map((lines) => `${formatSection(lines)}\n`).join('\n');
}

/** The first line is the section's own; comments and settings below it are indented. */
function formatSection(lines: readonly string[]): string {
  return lines.map((line, index) => (index === 0 || line === '' ? line : `  ${line}`)).join('\n');
}

function globalSection(options: HaproxyOptions): readonly string[] {
  return [
    'global',
    `log 127.0.0.1:${options.logPort} len 8192 format raw local0 info`,
    `stats socket ${options.adminSocket} mode 600 level admin`,
    '# holt-router keeps one connection; its loss is how it learns of a restart.',
    'stats timeout 1h',
    '# maxconn follows from what the machine allows, up to this many descriptors.',
    'fd-hard-limit 40000',
    'hard-stop-after 30s',
    '# normalize-uri.',
    'expose-experimental-directives',
  ];
}

function defaultsSection(options: HaproxyOptions): readonly string[] {
  return [
    'defaults edge',
    'mode http',
    'option dontlognull',
    '# One attempt, then the page, which says when to come back.',
    'timeout connect 3s',
    'retries 0',
    'timeout http-request 15s',
    'timeout http-keep-alive 60s',
    'timeout client 5m',
    '# Longer than the guest ingress waits, so that its reason arrives.',
    'timeout server 5m',
    'timeout client-fin 30s',
    'timeout tunnel 1h',
    `errorfile 502 ${options.pages}/upstream-unreachable.html.http`,
    `errorfile 503 ${options.pages}/upstream-unreachable.html.http`,
    `errorfile 504 ${options.pages}/upstream-timeout.html.http`,
  ];
}

function metricsSection(options: HaproxyOptions): readonly string[] {
  return [
    'frontend metrics from edge',
    `bind 127.0.0.1:${options.metricsPort}`,
    'http-request use-service prometheus-exporter if { path /metrics }',
    'http-request return status 404',
  ];
}
