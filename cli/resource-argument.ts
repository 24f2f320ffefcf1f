import { ALL_DEFINITIONS } from '../crds/index.ts';
import type { ResourceDefinition } from '../crds/meta/resource-definition.ts';
import { CliError, EXIT_CODES } from './errors.ts';

/** What `uvm alice`, `uservm/alice` or `uservms` on a command line means. */
export interface ResourceArgument {
  readonly definition: ResourceDefinition;
  readonly names: readonly string[];
}

function namesOf(definition: ResourceDefinition): string[] {
  const plain = [definition.plural, definition.singular, ...definition.shortNames];
  return definition.group === '' ? plain : [...plain, `${definition.plural}.${definition.group}`];
}

/** @throws CliError that lists the kinds there are */
export function findDefinition(word: string): ResourceDefinition {
  const wanted = word.toLowerCase();
  const found = ALL_DEFINITIONS.find((definition) => namesOf(definition).includes(wanted));
  if (found !== undefined) return found;
  const known = ALL_DEFINITIONS.map((definition) =>
    [definition.plural, ...definition.shortNames].join('|'),
  ).join(', ');
  throw new CliError(`no kind is called ${JSON.stringify(word)}; there are: ${known}`, EXIT_CODES.usage);
}

/**
 * Reads `KIND [NAME...]` or `KIND/NAME...`; several kinds may be named with commas where no name follows.
 * @throws CliError when a word is no kind, or the two forms are mixed
 */
export function parseResourceArguments(words: readonly string[]): ResourceArgument[] {
  const [first, ...rest] = words;
  if (first === undefined)
    throw new CliError('name a kind, e.g. "uservms" or "uservm/alice"', EXIT_CODES.usage);
  if (!first.includes('/')) {
    return first.split(',').map((kind) => ({ definition: findDefinition(kind), names: rest }));
  }
  return words.map((word) => {
    const [kind = '', name = ''] = word.split('/', 2);
    if (name === '') throw new CliError(`${JSON.stringify(word)}: expected KIND/NAME`, EXIT_CODES.usage);
    return { definition: findDefinition(kind), names: [name] };
  });
}
