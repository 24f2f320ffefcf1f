import type { VmmAnswer, VmmProcess } from './vmm-process.ts';

/**
 * Plays a dialogue against a VMM: lines `> METHOD CALL [BODY]` are requests, lines `< STATUS [BODY]` the
 * answers that it is expected to give. Returns the text with the answers that it gave. `$DIR` stands for the
 * VMM's directory; `!vsock` puts a file in the vsock socket's way or takes it away again.
 */
export async function playDialogue(vmm: VmmProcess, text: string, toggleVsock: () => void): Promise<string> {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('< ')) continue;
    lines.push(line);
    if (line === '!vsock') toggleVsock();
    if (!line.startsWith('> ')) continue;
    const [method = '', call = '', ...rest] = line.slice(2).split(' ');
    const body = rest.length === 0 ? undefined : rest.join(' ').replaceAll('$DIR', vmm.dir);
    const answer = await vmm.call(method, call, body);
    lines.push(`< ${format(call, answer).replaceAll(vmm.dir, '$DIR')}`);
  }
  return lines.join('\n');
}

function format(call: string, { statusCode, body }: VmmAnswer): string {
  if (body === '') return String(statusCode);
  try {
    return `${statusCode} ${JSON.stringify(comparable(call, JSON.parse(body)), sortKeys)}`;
  } catch {
    return `${statusCode} ${JSON.stringify(body)}`;
  }
}

/** What differs from run to run, or what the stand-in does not show, is left out. */
function comparable(call: string, body: unknown): unknown {
  if (Array.isArray(body)) return body.map(comparableCause);
  const object = body as Record<string, unknown>;
  if (call === 'vmm.ping') return Object.fromEntries(Object.keys(object).map((key) => [key, '...']));
  if (call === 'vm.info') return { ...object, device_tree: undefined };
  if (call === 'vm.counters') {
    return Object.fromEntries(
      Object.entries(object).map(([device, counters]) => [
        device,
        Object.keys(counters as object).filter((name) => !name.includes('latency')),
      ]),
    );
  }
  return body;
}

/** serde says where in the text; how it words a syntax error is its own affair. */
function comparableCause(cause: string): string {
  const text = cause.replace(/ at line \d+ column \d+$/, '');
  return /^(EOF while parsing|expected value|Expected property|Unexpected|trailing)/.test(text)
    ? 'not JSON'
    : text;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string' && /_(bytes|ops|frames)$/.test(item))
      ? value.sort()
      : value;
  }
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
