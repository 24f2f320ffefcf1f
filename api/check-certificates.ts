import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readCertificates } from './server/http/serving-tls.ts';

/** PEM: a certificate with its chain, its key, and the CAs that the other side is checked by. */
export interface CertificateSet {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}

/**
 * Whether a set can be used: everything parses, the key is the certificate's, the certificate is valid now, and so
 * is one CA at least (an old one may have expired beside its successor).
 * @throws Error saying what is wrong with it
 */
export function checkCertificates({ cert, key, ca }: CertificateSet, nowMs: number): void {
  const [leaf] = readCertificates(cert);
  if (leaf === undefined) throw new Error('the certificate file holds no certificate');
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  if (!isValidAt(leaf, nowMs)) {
    throw new Error(`the certificate is valid from ${leaf.validFrom} to ${leaf.validTo}`);
  }
  const cas = readCertificates(ca);
  if (cas.length === 0) throw new Error('the CA file holds no certificate');
  if (!cas.some((each) => isValidAt(each, nowMs))) throw new Error('no CA is valid now');
  createSecureContext({ cert, key, ca });
}

/** When the first certificate of a file expires, ms since the epoch; NaN for a file without one. */
export function firstExpiryMs(pem: Buffer): number {
  const ends = readCertificates(pem).map(({ validToDate }) => validToDate.getTime());
  return ends.length === 0 ? Number.NaN : Math.min(...ends);
}
