import type { User } from '../user.ts';

const NODES_GROUP = 'system:nodes';
const NAME_PREFIX = 'system:node:';

/** The node that the user is, by its certificate; undefined for anybody else. */
export function nodeNameOf({ name, groups }: User): string | undefined {
  if (!groups.includes(NODES_GROUP) || !name.startsWith(NAME_PREFIX)) return undefined;
  return name.slice(NAME_PREFIX.length) || undefined;
}
