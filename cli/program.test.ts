import { PassThrough } from 'node:stream';
import test from 'ava';
import { CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { createProgram } from './program.ts';

function captured(env: NodeJS.ProcessEnv = {}) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const context = {
    env,
    cwd: '/',
    stdin: process.stdin,
    stdout: out as unknown as NodeJS.WriteStream,
    stderr: err as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  } satisfies CliContext;
  const program = createProgram(context, '1.2.3');
  return {
    program,
    run: (...args: string[]) => program.parseAsync(['node', 'holt', ...args]),
    stdout: () => String(out.read() ?? ''),
    stderr: () => String(err.read() ?? ''),
  };
}

test('every command explains itself with an example', (t) => {
  const { program } = captured();
  const silent = program.commands.filter((command) => command.name() !== 'help' && command.summary() === '');
  t.deepEqual(
    silent.map((command) => command.name()),
    [],
  );
  t.true(program.commands.length >= 12);
});

test('wrong usage is a usage error, and says what was expected', async (t) => {
  const cli = captured();
  const error = await t.throwsAsync(cli.run('apply'), { instanceOf: CommanderError });
  t.not(error?.exitCode, 0);
  t.regex(cli.stderr(), /--filename/);
  await t.throwsAsync(captured().run('get', 'uvm', '-o', 'csv'), {
    message: /-o csv: expected one of wide, yaml/,
  });
  await t.throwsAsync(captured().run('session', 'create', 'Not A User'), { message: /RFC 1123/ });
});

test('without a kubeconfig the way to one is named', async (t) => {
  const cli = captured({ KUBECONFIG: '/nowhere/kubeconfig' });
  await t.throwsAsync(cli.run('get', 'uvm'), {
    message: /no kubeconfig at \/nowhere\/kubeconfig; npm start/,
  });
});

test('the completion script is valid shell and knows every command', async (t) => {
  const cli = captured();
  await cli.run('completion', 'bash');
  const script = cli.stdout();
  for (const command of cli.program.commands) t.true(script.includes(command.name()), command.name());
});
