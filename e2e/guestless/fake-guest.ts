import { createServer, type Server } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { FakePodman } from './fake-podman.ts';

/** vsock ports of the guest image. */
const PORTS = { podman: 1024, ingress: 1025, probe: 1026 } as const;

/** What a guest without a kernel answers on its vsock ports: podman, the ingress's runtime API, probes. */
export class FakeGuest {
  readonly podman = new FakePodman();
  readonly #routes = new Map<string, string>();
  readonly #probes: Server;

  constructor() {
    this.#probes = createServer((_request, response) => {
      response.writeHead(200, { connection: 'close' }).end();
    });
    this.#probes.keepAliveTimeout = 0;
  }

  /** Containers ended, and the ingress is empty. */
  boot(): void {
    this.podman.boot();
    this.#routes.clear();
  }

  /** A stream to a port; undefined where nothing listens. */
  dial(port: number): Duplex | undefined {
    const accept = this.#acceptorOf(port);
    if (accept === undefined) return undefined;
    const [near, far] = duplexPair();
    // A connection that is cut is no news.
    near.on('error', () => {});
    far.on('error', () => {});
    accept(near);
    return far;
  }

  #acceptorOf(port: number): ((stream: Duplex) => void) | undefined {
    switch (port) {
      case PORTS.podman:
        return (stream) => this.podman.accept(stream);
      case PORTS.ingress:
        return (stream) => this.#serveIngress(stream);
      case PORTS.probe:
        return (stream) => this.#probes.emit('connection', stream);
      default:
        return undefined;
    }
  }

  /** One command a connection, in HAProxy's words. */
  #serveIngress(stream: Duplex): void {
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\n')) stream.end(`${this.#runtimeCommand(text.trim().split(/\s+/))}\n`);
    });
  }

  #runtimeCommand([verb = '', , , key = '', value = '']: readonly string[]): string {
    switch (verb) {
      case 'show':
        return [...this.#routes]
          .map(([name, target], index) => `0x${index + 1} ${name} ${target}`)
          .join('\n');
      case 'set':
        if (!this.#routes.has(key)) return 'entry not found.';
        this.#routes.set(key, value);
        return '';
      case 'add':
        this.#routes.set(key, value);
        return '';
      case 'del':
        return this.#routes.delete(key) ? '' : 'Key not found.';
      default:
        return 'Unknown command';
    }
  }
}
