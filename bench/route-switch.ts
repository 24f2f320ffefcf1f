import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api/client/api-client.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../crds/sandboxcontainer/definition.ts';
import { type UserVm, type UserVmStatus, userVmDefinition } from '../crds/uservm/definition.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import { runChecked, runCommand } from '../lib/run-command.ts';
import { createSessionToken, readSigningKey, SESSION_COOKIE_NAME } from '../lib/session-token.ts';
import { formatPercentiles } from './statistics.ts';

const USER = 'bench-route';
const NAME = { namespace: 'default', name: USER };
const UPSTREAM_PORT = 8080;
const SERVER = `
  const [address] = process.argv.slice(1);
  require('node:http').createServer((request, response) => response.end(address)).listen(${UPSTREAM_PORT}, address);
`;

/** Serves its own address inside the VMs' namespace, as a guest's ingress would. */
async function startUpstream(config: HoltConfig, address: string): Promise<ChildProcess> {
  await runCommand(['ip', '-n', config.netns, 'addr', 'add', `${address}/32`, 'dev', 'lo']);
  const argv = ['netns', 'exec', config.netns, process.execPath, '-e', SERVER, address];
  return spawn('ip', argv, { stdio: 'ignore' });
}

function statusFor(ip: string, generation: number): UserVmStatus {
  const at = new Date().toISOString();
  return {
    phase: 'Running',
    observedGeneration: generation,
    nodeName: 'bench-node',
    vmId: 'vm-bench0000000',
    addresses: { ip, mac: '02:00:00:00:00:01' },
    bootId: 'bench',
    conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: at }],
  };
}

async function declare(client: ApiClient, address: string): Promise<void> {
  const vm: UserVm = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: NAME,
    spec: {
      user: USER,
      powerState: 'Running',
      cpus: 1,
      memory: '256Mi',
      guestImage: 'default',
      dataVolume: { size: '1Gi' },
      placement: { nodeName: 'bench-node' },
    },
  };
  const { metadata } = await client.create<UserVm>(userVmDefinition, vm);
  // Bound to a node that is not there before the container exists, so that no controller takes either up.
  await commit(client, userVmDefinition, statusFor(address, metadata.generation ?? 1));
  const created = await client.create<SandboxContainer>(sandboxContainerDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: NAME,
    spec: {
      vmRef: { name: USER },
      role: 'live',
      source: { closure: '/nowhere' },
      command: ['/bin/true'],
      resources: { cpu: '500m', memory: '64Mi', pids: 16 },
      restartPolicy: 'Always',
    },
  });
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: '',
    lastTransitionTime: new Date().toISOString(),
  };
  const status = {
    phase: 'Running',
    observedGeneration: created.metadata.generation ?? 1,
    nodeName: 'bench-node',
    vmId: 'vm-bench0000000',
    ready: true,
    routePort: 3000,
    address: '10.89.0.10',
    conditions: [ready],
  };
  await commit(client, sandboxContainerDefinition, status);
}

async function commit(
  client: ApiClient,
  definition: typeof userVmDefinition,
  status: Record<string, unknown>,
): Promise<void> {
  await client.commitStatus(definition, NAME, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status,
    events: [],
    reportingComponent: 'holt-bench',
    reportingInstance: 'bench-node',
  });
}

function ask(agent: Agent, port: number, cookie: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { agent, port, host: '127.0.0.1', path: '/', headers: { cookie } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve(body));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function untilAnswer(agent: Agent, port: number, cookie: string, expected: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await ask(agent, port, cookie);
    if (answer === expected) return;
    if (performance.now() > deadline) {
      throw new Error(`the route never led to ${expected}; the last answer was ${answer.slice(0, 300)}`);
    }
  }
}

async function measure(client: ApiClient, config: HoltConfig, addresses: readonly string[], rounds: number) {
  const key = await readSigningKey(`${statePaths(config.stateDir).session}/key.pem`);
  const token = await createSessionToken({ user: USER, key, ttlSeconds: 3600 });
  const cookie = `${SESSION_COOKIE_NAME}=${token}`;
  const agent = new Agent({ keepAlive: true });
  const port = config.ports.router;
  const switches: number[] = [];
  const requests: number[] = [];
  const vm = await client.get<UserVm>(userVmDefinition, NAME);
  for (let round = 0; round < rounds; round += 1) {
    const address = addresses[round % addresses.length] ?? '';
    const committed = commit(client, userVmDefinition, statusFor(address, vm.metadata.generation ?? 1)).then(
      () => performance.now(),
    );
    await untilAnswer(agent, port, cookie, address);
    const answeredAt = performance.now();
    switches.push(Math.max(0, answeredAt - (await committed)));
    const begin = performance.now();
    await ask(agent, port, cookie);
    requests.push(performance.now() - begin);
    await sleep(5);
  }
  agent.destroy();
  return { switches, requests };
}

/** From the commit of a status in etcd to the first whole answer on the new route, against a plain request. */
export async function benchRouteSwitch(
  config: HoltConfig,
  client: ApiClient,
  rounds: number,
  say: (line: string) => void,
): Promise<void> {
  const subnet = config.vmSubnet.split('.').slice(0, 2).join('.');
  const addresses = [`${subnet}.250.1`, `${subnet}.250.2`];
  const upstreams: ChildProcess[] = [];
  try {
    for (const address of addresses) upstreams.push(await startUpstream(config, address));
    await declare(client, addresses[0] ?? '');
    const { switches, requests } = await measure(client, config, addresses, rounds);
    say(`route switch, commit to first answer, ${rounds} switches, ms: ${formatPercentiles(switches)}`);
    say(`a plain request on the same route, ms: ${formatPercentiles(requests)}`);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    say(`route switch against a plain request: ratio ${(sum(switches) / sum(requests)).toFixed(2)}`);
  } finally {
    for (const upstream of upstreams) upstream.kill('SIGKILL');
    for (const address of addresses) {
      await runChecked(runCommand, [
        'ip',
        '-n',
        config.netns,
        'addr',
        'del',
        `${address}/32`,
        'dev',
        'lo',
      ]).catch(() => {});
    }
    await client.delete(sandboxContainerDefinition, NAME).catch(() => {});
    await client.delete(userVmDefinition, NAME).catch(() => {});
  }
}
