import type { Census } from '../../e2e/guestless/census.ts';

export interface Leak {
  readonly what: string;
  readonly before: number;
  readonly after: number;
}

/** More of something than before by more than this is a leak; for what is not listed: any. */
const TOLERANCES: readonly (readonly [prefix: string, most: number])[] = [
  // Connections that are kept open for the next call, a handful a process whatever the number of rounds.
  ['descriptors of', 8],
];

/** What there is more of after than before, though all VMs are gone. */
export function leaksBetween(before: Census, after: Census): Leak[] {
  return Object.entries(after).flatMap(([what, count]) => {
    const was = before[what] ?? 0;
    const tolerance = TOLERANCES.find(([prefix]) => what.startsWith(prefix))?.[1] ?? 0;
    return count - was > tolerance ? [{ what, before: was, after: count }] : [];
  });
}
