import { randomBytes } from 'node:crypto';
import {
  type ContainerCreate,
  type PodmanContainer,
  PodmanError,
  type PodmanInspect,
} from '../../../lib/podman/index.ts';
import type { Guest } from '../guest.ts';

interface FakeContainer {
  readonly id: string;
  readonly create: ContainerCreate;
  state: PodmanContainer['state'];
  exitCode: number;
  oomKilled: boolean;
  startedAtMs: number | undefined;
  finishedAtMs: number | undefined;
  pids: number;
}

/** A guest in memory that answers as podman 4.3 and HAProxy do. `effects` lists the mutating calls that took effect. */
export class FakeGuest implements Guest {
  bootId = 'boot-1';
  readonly containers = new Map<string, FakeContainer>();
  readonly routes = new Map<string, string>();
  readonly directories = new Set<string>(['data']);
  readonly closures = new Set<string>(['/opt/holt/closures/node']);
  readonly images = new Set<string>();
  readonly effects: string[] = [];
  /** Undefined: this guest does not tell. */
  oomKilled: string[] | undefined;
  listCount = 0;
  isIngressSilent = false;
  isUnreachable = false;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async listContainers(): Promise<PodmanContainer[]> {
    this.#reach();
    this.listCount += 1;
    return [...this.containers.values()].map((container) => ({
      id: container.id,
      name: container.create.name,
      labels: { ...container.create.labels },
      state: container.state,
      exitCode: container.exitCode,
      startedAtSeconds: seconds(container.startedAtMs),
      exitedAtSeconds: seconds(container.finishedAtMs),
    }));
  }

  async inspectContainer(id: string): Promise<PodmanInspect> {
    const container = this.#get(id);
    return {
      id,
      state: container.state,
      oomKilled: container.oomKilled,
      exitCode: container.exitCode,
      error: '',
      startedAt: new Date(container.startedAtMs ?? 0).toISOString(),
      finishedAt: new Date(container.finishedAtMs ?? 0).toISOString(),
    };
  }

  async containerStats(ids: readonly string[]) {
    this.#reach();
    return ids.map((id) => ({ id, pids: this.#get(id).pids, memoryBytes: 1, memoryLimitBytes: 2 }));
  }

  async listRoutes() {
    this.#reach();
    if (this.isIngressSilent) throw new Error('ingress is silent');
    return new Map(this.routes);
  }

  async readInfo() {
    this.#reach();
    const { bootId, oomKilled } = this;
    return oomKilled === undefined ? { bootId } : { bootId, oomKilled };
  }

  async imageExists(reference: string) {
    return this.images.has(reference);
  }

  async ensureDataDirectories(names: readonly string[]) {
    this.#effect(`directories ${names.join(',')}`);
    for (const name of names) this.directories.add(name);
  }

  async pullImage(reference: string) {
    this.#reach();
    if (!reference.includes('good'))
      throw new PodmanError('pull', { status: 200, cause: '', message: 'manifest unknown' });
    this.#effect(`pull ${reference}`);
    this.images.add(reference);
  }

  async createContainer(create: ContainerCreate) {
    this.#reach();
    for (const other of this.containers.values())
      if (other.create.name === create.name) throw refuse('that name is already in use');
    if ('rootfs' in create.source && !this.closures.has(create.source.rootfs))
      throw refuse('no such file or directory');
    for (const mount of create.mounts ?? [])
      if (!this.directories.has(mount.source.split('/').at(-1) ?? ''))
        throw refuse('no such file or directory');
    this.#effect(`create ${create.name}`);
    const id = randomBytes(32).toString('hex');
    const fresh = { exitCode: 0, oomKilled: false, startedAtMs: undefined, finishedAtMs: undefined, pids: 1 };
    this.containers.set(id, { id, create, state: 'created', ...fresh });
    return id;
  }

  async startContainer(id: string) {
    const container = this.#get(id);
    if (container.state === 'running') return;
    if (container.create.command?.[0] === '/missing') throw refuse('executable file not found');
    this.#effect(`start ${container.create.name}`);
    Object.assign(container, {
      state: 'running',
      startedAtMs: this.#nowMs(),
      oomKilled: false,
      exitCode: 0,
      pids: 1,
    });
  }

  async killContainer(id: string) {
    this.#effect(`kill ${this.#get(id).create.name}`);
    this.end(this.#get(id).create.name, { exitCode: 137 });
  }

  async stopContainer(id: string) {
    const { create, state } = this.#get(id);
    if (state !== 'running') return;
    this.#effect(`stop ${create.name}`);
    this.end(create.name, { exitCode: 143 });
  }

  async removeContainer(id: string) {
    this.#reach();
    const container = this.containers.get(id);
    if (container === undefined) return;
    this.#effect(`remove ${container.create.name}`);
    this.containers.delete(id);
  }

  async setRoute(key: string, target: string) {
    this.#effect(`route ${key}=${target}`);
    this.routes.set(key, target);
  }

  async deleteRoute(key: string) {
    this.#effect(`unroute ${key}`);
    this.routes.delete(key);
  }

  /** The container's program ends. */
  end(name: string, how: { exitCode: number; oomKilled?: boolean }): void {
    const container = this.named(name);
    Object.assign(container, { state: 'exited', finishedAtMs: this.#nowMs(), oomKilled: false, ...how });
  }

  /** The guest boots again: containers stay on the volume and do not run, routes are gone. */
  reboot(): void {
    this.bootId = `${this.bootId}+`;
    this.routes.clear();
    for (const container of this.containers.values())
      if (container.state === 'running') container.state = 'exited';
  }

  named(name: string): FakeContainer {
    for (const container of this.containers.values()) if (container.create.name === name) return container;
    throw new Error(`no container ${name} in the fake guest`);
  }

  #get(id: string): FakeContainer {
    this.#reach();
    const container = this.containers.get(id);
    if (container === undefined)
      throw new PodmanError('GET', { status: 404, cause: 'no such container', message: `no ${id}` });
    return container;
  }

  #reach(): void {
    if (this.isUnreachable) throw new Error('guest does not answer');
  }

  #effect(what: string): void {
    this.#reach();
    this.effects.push(what);
  }
}

function refuse(cause: string): PodmanError {
  return new PodmanError('POST', { status: 500, cause, message: cause });
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000);
}
