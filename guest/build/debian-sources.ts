/** One deb822 stanza of apt sources, its fields by lower-case name. */
export type SourceStanza = ReadonlyMap<string, string>;

const SUITES = new Set(['bookworm', 'bookworm-updates', 'bookworm-security']);

/**
 * Picks Debian 12's own entries out of apt's source files and rewrites them as deb822 text, in a stable order.
 * Other vendors' repositories are left out: they have other suites or no component `main`.
 */
export function selectBookwormSources(files: readonly { name: string; text: string }[]): string {
  const stanzas = files.flatMap(({ name, text }) =>
    name.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text),
  );
  return stanzas
    .map(bookwormOnly)
    .filter((stanza) => stanza !== undefined)
    .map(formatStanza)
    .sort()
    .join('\n');
}

function parseDeb822(text: string): SourceStanza[] {
  return text.split(/\n\s*\n/).map((block) => {
    const stanza = new Map<string, string>();
    let key = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('#') || line.trim() === '') continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field?.[1] !== undefined) {
        key = field[1].toLowerCase();
        stanza.set(key, field[2] ?? '');
      } else {
        // A continuation line, such as those of an inline key.
        stanza.set(key, `${stanza.get(key) ?? ''}\n${line}`);
      }
    }
    return stanza;
  });
}

function parseOneLine(text: string): SourceStanza[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*?)\s*(?:#.*)?$/.exec(line.trim());
    const [, options, uri, suite, components] = match ?? [];
    if (uri === undefined || suite === undefined || components === undefined) return [];
    const signedBy = /signed-by=(\S+)/i.exec(options ?? '')?.[1];
    const fields: [string, string][] = [
      ['types', 'deb'],
      ['uris', uri],
      ['suites', suite],
      ['components', components],
    ];
    if (signedBy !== undefined) fields.push(['signed-by', signedBy.replaceAll(',', ' ')]);
    return [new Map(fields)];
  });
}

function bookwormOnly(stanza: SourceStanza): SourceStanza | undefined {
  const words = (key: string) => (stanza.get(key) ?? '').split(/\s+/).filter(Boolean);
  const suites = words('suites').filter((suite) => SUITES.has(suite));
  const disabled = /^(no|false|0)$/i.test(stanza.get('enabled') ?? '');
  if (
    disabled ||
    suites.length === 0 ||
    !words('types').includes('deb') ||
    !words('components').includes('main')
  ) {
    return undefined;
  }
  const selected = new Map([
    ['types', 'deb'],
    ['uris', words('uris').join(' ')],
    ['suites', suites.join(' ')],
    ['components', 'main'],
  ]);
  const signedBy = stanza.get('signed-by');
  if (signedBy !== undefined) selected.set('signed-by', signedBy);
  return selected;
}

function formatStanza(stanza: SourceStanza): string {
  return `${[...stanza].map(([key, value]) => `${key}: ${value}`).join('\n')}\n`;
}
