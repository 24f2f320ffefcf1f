import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import type { SecureContextOptions, TLSSocket } from 'node:tls';

/** PEM: the server's certificate and key, and the CAs that sign clients. */
export interface ServingTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer;
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Every certificate of a PEM file, in order. @throws Error for a block that is no certificate */
export function readCertificates(pem: Buffer): readonly X509Certificate[] {
  return (pem.toString().match(CERTIFICATE_BLOCK) ?? []).map((block) => new X509Certificate(block));
}

/** What a handshake goes by. */
export function secureContextOptions({ cert, key, clientCa }: ServingTls): SecureContextOptions {
  return { cert, key, ca: clientCa, minVersion: 'TLSv1.2' };
}

function isIssuedByOneOf(certificate: X509Certificate, cas: readonly X509Certificate[]): boolean {
  return cas.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
}

/** Whether the client showed a certificate that was good, and no CA of these stands behind it. */
function hasLostTrust(socket: TLSSocket, cas: readonly X509Certificate[]): boolean {
  if (!socket.authorized) return false;
  const seen = new Set<string>();
  let certificate = socket.getPeerX509Certificate();
  // A root is its own issuer.
  while (certificate !== undefined && !seen.has(certificate.fingerprint256)) {
    if (isIssuedByOneOf(certificate, cas)) return false;
    seen.add(certificate.fingerprint256);
    certificate = certificate.issuerCertificate;
  }
  return true;
}

/**
 * Certificates of a server that runs. A connection is authenticated once, by the CAs of its handshake: taking a CA
 * away takes back what it signed, so connections that rest on it are ended, watches and all. No other is touched.
 * @returns puts others in their place for new connections. It throws Error, and changes nothing, for what is none
 */
export function renewableTls(server: Server): (tls: ServingTls) => void {
  const sockets = new Set<TLSSocket>();
  let cas: readonly X509Certificate[] | undefined;
  server.on('secureConnection', (socket) => {
    // Its handshake may have begun under the CAs before.
    if (cas !== undefined && hasLostTrust(socket, cas)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return (tls) => {
    const newCas = readCertificates(tls.clientCa);
    server.setSecureContext(secureContextOptions(tls));
    cas = newCas;
    for (const socket of sockets) if (hasLostTrust(socket, newCas)) socket.destroy();
  };
}
