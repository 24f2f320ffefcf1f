import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  state: 'created' | 'running' | 'exited';
  exitCode: number;
  startedAtMs: number | undefined;
  exitedAtMs: number | undefined;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const NO_SUCH = { status: 404, body: { cause: 'no such container', message: 'no container with that name' } };
const NAME_TAKEN = {
  cause: 'that name is already in use',
  message: 'the container name is in use',
};

/** The calls of podman's REST API that Holt makes, over containers in memory that run nothing. */
export class FakePodman {
  readonly #containers = new Map<string, FakeContainer>();
  readonly #directories = new Set<string>(['data']);
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 0;
  }

  /** Serves one connection. */
  accept(stream: Duplex): void {
    this.#server.emit('connection', stream);
  }

  /** Nothing runs across a boot; what was made stays on the volume. */
  boot(): void {
    for (const container of this.#containers.values()) if (container.state === 'running') end(container, 137);
  }

  /** A container's program ends; false where none of that name runs. */
  endContainer(name: string, exitCode: number): boolean {
    const container = this.#find(name);
    if (container?.state !== 'running') return false;
    end(container, exitCode);
    return true;
  }

  get runningCount(): number {
    return [...this.#containers.values()].filter(({ state }) => state === 'running').length;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { status, body } = this.#answer(request, Buffer.concat(chunks));
    const text = body === undefined ? '' : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(text);
  }

  #answer({ method = '', url = '' }: IncomingMessage, body: Buffer): Answer {
    const { pathname, searchParams } = new URL(url, 'http://guest');
    const [, , , family, name = '', action = ''] = pathname.split('/');
    if (family === 'images') return { status: action === 'exists' ? 204 : 200 };
    if (family !== 'containers') return { status: 200 };
    if (name === 'json') return { status: 200, body: [...this.#containers.values()].map(listed) };
    if (name === 'create') return this.#create(JSON.parse(body.toString()));
    if (name === 'stats') return { status: 200, body: this.#stats(searchParams.getAll('containers')) };
    const container = this.#find(decodeURIComponent(name));
    if (container === undefined) return NO_SUCH;
    return this.#answerOne(container, `${method} ${action}`, { query: searchParams, body });
  }

  #answerOne(container: FakeContainer, call: string, sent: { query: URLSearchParams; body: Buffer }): Answer {
    switch (call) {
      case 'GET json':
        return { status: 200, body: inspected(container) };
      case 'POST start':
        if (container.state === 'running') return { status: 304 };
        Object.assign(container, { state: 'running', startedAtMs: Date.now(), exitCode: 0 });
        return { status: 204 };
      case 'POST kill':
        if (container.state !== 'running') return { status: 409, body: { message: 'not running' } };
        end(container, 137);
        return { status: 204 };
      case 'DELETE ':
        this.#containers.delete(container.id);
        return { status: 200, body: [] };
      case 'HEAD archive':
        return { status: this.#directories.has(sent.query.get('path')?.split('/').at(-1) ?? '') ? 200 : 404 };
      case 'PUT archive':
        for (const name of namesInTar(sent.body)) this.#directories.add(name);
        return { status: 200 };
      default:
        return { status: 405, body: { message: `FakePodman does not do ${call}` } };
    }
  }

  #create({ name, labels }: { name: string; labels: Record<string, string> }): Answer {
    if (this.#find(name) !== undefined) return { status: 500, body: { ...NAME_TAKEN, response: 500 } };
    const id = randomBytes(32).toString('hex');
    const times = { startedAtMs: undefined, exitedAtMs: undefined };
    this.#containers.set(id, { id, name, labels, state: 'created', exitCode: 0, ...times });
    return { status: 201, body: { Id: id, Warnings: [] } };
  }

  #stats(ids: readonly string[]) {
    const running = ids.filter((id) => this.#find(id)?.state === 'running');
    return {
      Error: null,
      Stats: running.map((id) => ({ ContainerID: id, PIDs: 1, MemUsage: 1e6, MemLimit: 1e8 })),
    };
  }

  #find(nameOrId: string): FakeContainer | undefined {
    const byId = this.#containers.get(nameOrId);
    return byId ?? [...this.#containers.values()].find(({ name }) => name === nameOrId);
  }
}

function end(container: FakeContainer, exitCode: number): void {
  Object.assign(container, { state: 'exited', exitCode, exitedAtMs: Date.now() });
}

/** podman's zero time is far below zero. */
function seconds(ms: number | undefined): number {
  return ms === undefined ? -62_135_596_800 : Math.floor(ms / 1000);
}

function listed(container: FakeContainer) {
  return {
    Id: container.id,
    Names: [container.name],
    Labels: container.labels,
    State: container.state,
    ExitCode: container.exitCode,
    StartedAt: seconds(container.startedAtMs),
    ExitedAt: seconds(container.exitedAtMs),
  };
}

function inspected({ id, state, exitCode, startedAtMs, exitedAtMs }: FakeContainer) {
  return {
    Id: id,
    State: {
      Status: state,
      OOMKilled: false,
      ExitCode: exitCode,
      Error: '',
      StartedAt: new Date(startedAtMs ?? 0).toISOString(),
      FinishedAt: new Date(exitedAtMs ?? 0).toISOString(),
    },
  };
}

/** Names of the directories in a ustar archive. */
function namesInTar(archive: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; at += 512) {
    names.push(archive.toString('utf8', at, archive.indexOf(0, at)).replace(/\/$/, ''));
  }
  return names;
}
