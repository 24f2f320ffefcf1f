type Replacement = readonly [RegExp, string | ((...groups: string[]) => string)];

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** An age keeps its place in its column. */
function padded(_match: string, before: string, age: string, gap: string): string {
  return `${before}0s${' '.repeat(Math.max(1, age.length + gap.length - 2))}`;
}

const REPLACEMENTS: readonly Replacement[] = [
  [UUID, '<uid>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}/g, '<time>'],
  [/(resourceVersion"?: ?"|Resource Version: +)\d+/g, (_, before = '') => `${before}<rv>`],
  [/https:\/\/127\.0\.0\.1:\d+/g, 'https://<server>'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/\/(LIVE|MERGED)-\d+\//g, '/$1-<n>/'],
  // Whether an informer still says that its time is over depends on how busy the machine is.
  [/^[EWI]\d{4} [^\n]* reflector\.go:[^\n]*\n/gm, ''],
  [/^([EWI])\d{4} [\d:.]+ +\d+ (\S+):\d+\]/gm, '$1<log> $2]'],
  [/\b00-[0-9a-f]{32}-[0-9a-f]{16}-0\d\b/g, '<traceparent>'],
  [/(?<= )(?:\d+[smh]){1,2}$/gm, '0s'],
  // Events as `describe` lists them.
  [/^( +(?:Normal|Warning) +\S+ +)((?:\d+[smh]){1,2})( +)/gm, padded],
];

const AGE_COLUMN = /(?<=^| {2})(?:AGE|LAST SEEN)(?= {2}|$)/;

/** A table with the ages in its columns of ages. */
function withoutAges(text: string): string {
  let at: number | undefined;
  const lines = text.split('\n').map((line) => {
    const header = /^[A-Z]{2}/.test(line) ? AGE_COLUMN.exec(line) : null;
    if (header !== null || line === '') at = header?.index;
    if (at === undefined) return line;
    const [before, rest] = [line.slice(0, at), line.slice(at)];
    return before + rest.replace(/^()((?:\d+[smh]){1,2})( *)(?=.)/, padded);
  });
  return lines.join('\n');
}

/** Output with what differs from run to run made the same: ages read `0s`, the rest is named in angle brackets. */
export function normalizeOutput(text: string, directory: string): string {
  let normal = text.replaceAll(directory, '<dir>');
  for (const [pattern, to] of REPLACEMENTS) {
    normal = typeof to === 'string' ? normal.replace(pattern, to) : normal.replace(pattern, to);
  }
  return withoutAges(normal);
}
