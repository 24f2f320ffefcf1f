import type { z } from 'zod';

/** What zod keeps of a check; its message is a function of the issue and has no place in JSON schema. */
interface CheckDefinition {
  readonly check: string;
  readonly format?: string;
  readonly prefix?: string;
  readonly error?: (issue: { code: string }) => unknown;
}

/**
 * The messages that the author of a schema gave to its format checks, e.g. `must be a positive quantity`.
 * A prefix check without a message gets one.
 */
export function patternMessages(schema: z.core.$ZodType): string[] {
  const checks: readonly { _zod: { def: unknown } }[] = schema._zod.def.checks ?? [];
  return checks.flatMap((check) => {
    const definition = check._zod.def as CheckDefinition;
    if (definition.check !== 'string_format') return [];
    const message = definition.error?.({ code: 'invalid_format' });
    if (typeof message === 'string') return [message];
    return definition.prefix === undefined ? [] : [`must start with ${JSON.stringify(definition.prefix)}`];
  });
}
