import type { Command } from 'commander';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';

interface Words {
  readonly commands: readonly string[];
  readonly subcommands: Readonly<Record<string, readonly string[]>>;
  readonly kinds: readonly string[];
}

function wordsOf(program: Command): Words {
  const subcommands: Record<string, readonly string[]> = {};
  for (const command of program.commands) {
    const names = command.commands.map((each) => each.name());
    if (names.length > 0) subcommands[command.name()] = names;
  }
  return {
    commands: program.commands.map((command) => command.name()),
    subcommands,
    kinds: ALL_DEFINITIONS.flatMap((definition) => [
      definition.plural,
      definition.singular,
      ...definition.shortNames,
    ]),
  };
}

const TAKES_KIND = ['get', 'describe', 'delete', 'wait'];
const TAKES_VM = ['start', 'stop', 'recycle', 'console'];
const TAKES_CONTAINER = ['logs', 'exec'];

/** Names of objects are asked of `holt get` at the moment of completion. */
function bashScript({ commands, subcommands, kinds }: Words): string {
  const cases = Object.entries(subcommands).map(
    ([name, words]) => `    ${name}) words="${words.join(' ')}" ;;`,
  );
  return `# bash completion for holt: source <(holt completion bash)
_holt() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    ${TAKES_KIND.join('|')})
      if [ "$COMP_CWORD" -eq 2 ]; then words="${kinds.join(' ')}"
      else words="$(holt get "\${COMP_WORDS[2]}" -o name 2>/dev/null | sed 's#.*/##')"; fi ;;
    ${TAKES_VM.join('|')}) words="$(holt get uservms -o name 2>/dev/null | sed 's#.*/##')" ;;
    ${TAKES_CONTAINER.join('|')}) words="$(holt get sandboxcontainers -o name 2>/dev/null | sed 's#.*/##')" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -F _holt holt
`;
}

export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .summary('print a shell completion script')
    .argument('<shell>', 'bash or zsh')
    .addHelpText('after', '\nExamples:\n  source <(holt completion bash)\n  source <(holt completion zsh)')
    .action((shell: string) => {
      const bash = bashScript(wordsOf(program));
      if (shell === 'bash') context.stdout.write(bash);
      else if (shell === 'zsh') context.stdout.write(`autoload -U +X bashcompinit && bashcompinit\n${bash}`);
      else throw new CliError(`completion ${shell}: expected bash or zsh`, EXIT_CODES.usage);
    });
}
