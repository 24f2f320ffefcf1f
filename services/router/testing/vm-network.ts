import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runChecked, runCommand } from '../../../lib/run-command.ts';

const MAIN = fileURLToPath(new URL('upstreams-main.ts', import.meta.url));

/** A network namespace with stand-ins for the ingresses of VMs at addresses in 10.66.0.0/16. */
export class VmNetwork {
  readonly netns: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  private constructor(netns: string, child: ChildProcess, lines: Interface) {
    this.netns = netns;
    this.#child = child;
    this.#lines = lines;
    this.#answers = lines[Symbol.asyncIterator]();
  }

  static async create(netns: string): Promise<VmNetwork> {
    const ip = (...words: string[]) => runChecked(runCommand, ['ip', ...words]);
    await ip('netns', 'add', netns);
    try {
      await ip('-n', netns, 'link', 'set', 'lo', 'up');
      // The other end of the pair answers nobody: addresses that no VM has are silent, as on a bridge.
      await ip('-n', netns, 'link', 'add', 'holt0', 'type', 'veth', 'peer', 'name', 'silent');
      await ip('-n', netns, 'link', 'set', 'silent', 'up');
      await ip('-n', netns, 'addr', 'add', '10.66.0.1/16', 'dev', 'holt0');
      await ip('-n', netns, 'link', 'set', 'holt0', 'up');
    } catch (error) {
      await ip('netns', 'del', netns);
      throw error;
    }
    const argv = ['netns', 'exec', netns, process.execPath, MAIN];
    const child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('the upstreams have no output');
    return new VmNetwork(netns, child, createInterface({ input: child.stdout }));
  }

  /** Gives the namespace the address and answers there as the VM `name`. */
  async up(address: string, name: string): Promise<void> {
    await runChecked(runCommand, ['ip', '-n', this.netns, 'addr', 'replace', `${address}/32`, 'dev', 'lo']);
    await this.#command(`up ${address} ${name}`);
  }

  /** Refuses connections and cuts those that are open: a VM whose ingress ended. */
  async down(address: string): Promise<void> {
    await this.#command(`down ${address}`);
  }

  /** Takes the address away: packets to it find nobody, as with a VM that is gone. */
  async vanish(address: string): Promise<void> {
    await runChecked(runCommand, ['ip', '-n', this.netns, 'addr', 'del', `${address}/32`, 'dev', 'lo']);
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    this.#lines.close();
    await closed;
    await runChecked(runCommand, ['ip', 'netns', 'del', this.netns]);
  }

  async #command(line: string): Promise<void> {
    this.#child.stdin?.write(`${line}\n`);
    const answer = await this.#answers.next();
    if (answer.value !== 'ok') throw new Error(`${line}: the upstreams ended`);
  }
}
