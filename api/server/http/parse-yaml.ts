import { parseDocument } from 'yaml';
import { badRequest } from './errors.ts';

/** So many uses of anchors are enough for people, and too few to build something huge out of little. */
const ALIASES_MAX = 100;

export interface ParsedYaml {
  /** As JSON has it: no dates, sets, binaries, or objects within themselves. */
  readonly value: unknown;
  /** What is said of keys that were given twice. */
  readonly duplicates: readonly string[];
}

/**
 * One YAML document as JSON.
 * @throws StatusError 400
 */
export function parseYamlText(text: string, what: string): ParsedYaml {
  try {
    const document = parseDocument(text, { uniqueKeys: false, logLevel: 'error' });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    const unique = parseDocument(text, { uniqueKeys: true, logLevel: 'error' });
    return {
      // Through JSON, as upstream: it has no form for what YAML can say beyond it.
      value: value === undefined ? null : JSON.parse(JSON.stringify(value) ?? 'null'),
      duplicates: unique.errors.map(({ message }) => message.split('\n', 1)[0] ?? ''),
    };
  } catch (error) {
    throw badRequest(`${what} is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}
