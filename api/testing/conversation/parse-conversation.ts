/** A part of a conversation: what is written down, not what came of it. */
export type ConversationStep =
  | { readonly kind: 'text'; readonly line: string }
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'command'; readonly command: string };

/** What a command did. */
export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of a conversation that is none of its forms. */
export class ConversationSyntaxError extends Error {
  constructor(lineNumber: number, line: string) {
    super(`line ${lineNumber}: expected #, $, <<, |, ! or =, got ${JSON.stringify(line)}`);
    this.name = 'ConversationSyntaxError';
  }
}

/**
 * Reads a conversation: `# comment`, `<< name` up to `>>` (a file), `$ command` (for bash) and what came of it:
 * `| stdout`, `! stderr`, `= exit code` where it is not 0.
 * @throws ConversationSyntaxError for any other line, and for a file that is not closed
 */
export function parseConversation(text: string): ConversationStep[] {
  const lines = text.replace(/\n+$/, '').split('\n');
  const steps: ConversationStep[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('<< ')) {
      const end = lines.indexOf('>>', at);
      if (end === -1) throw new ConversationSyntaxError(at + 1, line);
      const body = lines.slice(at + 1, end).map((each) => `${each}\n`);
      steps.push({ kind: 'file', name: line.slice(3), text: body.join('') });
      at = end;
    } else if (line.startsWith('$ ')) steps.push({ kind: 'command', command: line.slice(2) });
    else if (line === '' || line.startsWith('#')) steps.push({ kind: 'text', line });
    else if (!/^[|!=](?: |$)/.test(line)) throw new ConversationSyntaxError(at + 1, line);
  }
  return steps;
}

/** A step as it is written, with what came of a command. */
export function renderStep(step: ConversationStep, outcome?: CommandOutcome): string {
  if (step.kind === 'text') return `${step.line}\n`;
  if (step.kind === 'file') return `<< ${step.name}\n${step.text}>>\n`;
  const { exitCode = 0, stdout = '', stderr = '' } = outcome ?? {};
  const ended = exitCode === 0 ? '' : `= ${exitCode}\n`;
  return `$ ${step.command}\n${marked('|', stdout)}${marked('!', stderr)}${ended}`;
}

function marked(mark: string, text: string): string {
  if (text === '') return '';
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map((line) => (line === '' ? `${mark}\n` : `${mark} ${line}\n`)).join('');
}
