import type { TLSSocket } from 'node:tls';

/** Who asks: from the subject of a client certificate (CN: name, O: groups). */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

function asList(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The user whose certificate our CA signed; undefined without such a certificate. */
export function userOf(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const [name] = asList(subject?.CN);
  return name === undefined ? undefined : { name, groups: [...asList(subject.O), 'system:authenticated'] };
}
