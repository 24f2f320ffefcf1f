import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { runCommand } from '../../../lib/run-command.ts';
import { normalizeOutput } from './normalize-output.ts';
import { type CommandOutcome, parseConversation, renderStep } from './parse-conversation.ts';

export interface ConversationOptions {
  readonly kubeconfig: string;
  /** What the commands run in, and their home; it is the conversation's own. */
  readonly directory: string;
  /** That of the commands that name none. */
  readonly namespace: string;
}

/** Longest that one command may take. */
const COMMAND_TIMEOUT_MS = 60_000;

/**
 * Holds a conversation: writes its files, runs its commands in their order, and gives it back with what came of them
 * (see `parseConversation` for its form, `normalizeOutput` for what is made the same).
 * @throws ConversationSyntaxError; CommandError when a command outlives a minute
 */
export async function holdConversation(text: string, options: ConversationOptions): Promise<string> {
  await writeFile(join(options.directory, 'kubeconfig'), await configOf(options));
  let held = '';
  for (const step of parseConversation(text)) {
    if (step.kind === 'file') await writeFile(join(options.directory, step.name), step.text);
    held += renderStep(step, step.kind === 'command' ? await run(step.command, options) : undefined);
  }
  return held;
}

async function run(command: string, { directory }: ConversationOptions): Promise<CommandOutcome> {
  const { exitCode, stdout, stderr } = await runCommand(['bash', '-o', 'pipefail', '-c', command], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      TMPDIR: tmpdir(),
      KUBECONFIG: join(directory, 'kubeconfig'),
      LC_ALL: 'C',
      TZ: 'UTC',
    },
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
  return {
    exitCode,
    stdout: normalizeOutput(stdout, directory),
    stderr: normalizeOutput(stderr, directory),
  };
}

/** The configuration with the conversation's own namespace. */
async function configOf({ kubeconfig, namespace }: ConversationOptions): Promise<string> {
  const config = parse(await readFile(kubeconfig, 'utf8'));
  for (const { context } of config.contexts) context.namespace = namespace;
  return stringify(config);
}
