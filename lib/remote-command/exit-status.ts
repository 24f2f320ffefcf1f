import { z } from 'zod';

const NON_ZERO = 'NonZeroExitCode';

const statusSchema = z.object({
  status: z.enum(['Success', 'Failure']),
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z
    .object({
      causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).optional(),
    })
    .optional(),
});

/** How a command ended: by its exit code, or not at all as it should. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'failed'; readonly message: string };

/**
 * The metav1.Status that says with what exit code a command ended.
 * Source: k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go
 */
export function exitStatus(exitCode: number): Record<string, unknown> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: 'command terminated with non-zero exit code',
    reason: NON_ZERO,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** Reads what stood on the error channel. */
export function parseCommandEnd(text: string): CommandEnd {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'failed', message: text.trim() };
  }
  const parsed = statusSchema.safeParse(json);
  if (!parsed.success) return { kind: 'failed', message: text.trim() };
  const { status, reason, message, details } = parsed.data;
  if (status === 'Success') return { kind: 'exited', exitCode: 0 };
  const code = Number(details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message);
  if (reason === NON_ZERO && Number.isInteger(code)) return { kind: 'exited', exitCode: code };
  return { kind: 'failed', message: message ?? 'the command failed' };
}
