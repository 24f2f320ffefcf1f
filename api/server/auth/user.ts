import type { TLSSocket } from 'node:tls';

/** Who asks, in the terms of authentication.k8s.io UserInfo. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** Tells users of one name apart over time; certificates carry none. */
  readonly uid?: string;
  /** What else the authenticator knows, e.g. the bound object of a service-account token. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The server's own identity, for what it makes by itself. */
export const SERVER_USER: User = { name: 'system:apiserver', groups: ['system:masters'] };

function asList(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** A connection has one certificate for good, and reading it out of OpenSSL costs more than most requests. */
const usersBySocket = new WeakMap<TLSSocket, User | null>();

/** The user (subject CN: name, O: groups) whose certificate our CA signed; undefined without such a certificate. */
export function userOf(socket: TLSSocket): User | undefined {
  const known = usersBySocket.get(socket);
  if (known !== undefined) return known ?? undefined;
  const user = readUser(socket);
  usersBySocket.set(socket, user ?? null);
  return user;
}

function readUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const [name] = asList(subject?.CN);
  return name === undefined ? undefined : { name, groups: [...asList(subject.O), 'system:authenticated'] };
}
