import { parseDocument } from 'yaml';

/** The key that stands at the beginning of a text, without its quotes. */
function keyAt(text: string): string {
  const [key = ''] = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^:\s]+)/.exec(text) ?? [];
  return key.replace(/^["']|["']$/g, '');
}

/**
 * The keys that a YAML text gives twice in one map, in the words of upstream's YAML parser.
 * @param text that can be read
 */
export function yamlDuplicates(text: string): string[] {
  const { errors } = parseDocument(text, { uniqueKeys: true, logLevel: 'error' });
  return errors
    .filter(({ code }) => code === 'DUPLICATE_KEY')
    .map(({ pos: [at] }) => {
      const line = text.slice(0, at).split('\n').length;
      return `line ${line}: key ${JSON.stringify(keyAt(text.slice(at)))} already set in map`;
    });
}
