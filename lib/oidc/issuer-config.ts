import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { refuse, refuseDoubles } from './refuse.ts';

function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'must be a URL, such as https://login.example.com';
  if (url.protocol !== 'https:') return 'must begin with https://: keys are fetched over TLS only';
  if (url.username !== '' || url.password !== '') return 'must not contain a username or password';
  if (text.includes('?')) return 'must not contain a query';
  return text.includes('#') ? 'must not contain a fragment' : undefined;
}

const httpsUrl = z.string().superRefine((text, context) => {
  const problem = urlProblem(text);
  if (problem !== undefined) refuse(context, [], text, problem);
});

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates in PEM text. @throws Error when there is none, or one that cannot be read */
export function readPemCertificates(pem: string): readonly string[] {
  const blocks = pem.match(CERTIFICATE);
  if (blocks === null) throw new Error('no certificate in it');
  for (const block of blocks) new X509Certificate(block);
  return blocks;
}

const pemCertificates = z.string().superRefine((pem, context) => {
  try {
    readPemCertificates(pem);
  } catch {
    refuse(
      context,
      [],
      '<omitted>',
      'must be PEM certificates; or name their file in certificateAuthorityFile',
    );
  }
});

/** Who signs tokens, and how its keys are reached. */
export const issuerSchema = z
  .strictObject({
    /** `iss` of its tokens, and where its discovery document is found. */
    url: httpsUrl,
    /** The discovery document itself, where it is not below `url`. */
    discoveryURL: httpsUrl.optional(),
    /** PEM of the CAs that its certificate may be signed by; default: those of the system. */
    certificateAuthority: pemCertificates.optional(),
    /** The same as an absolute path, read at each fetch: it may change while the server runs. */
    certificateAuthorityFile: z.string().startsWith('/', 'must be an absolute path').optional(),
    /** A token for one of these is for this server. */
    audiences: z.array(z.string().min(1, 'must not be empty')).min(1, 'name one audience at least'),
    audienceMatchPolicy: z.literal('MatchAny').optional(),
  })
  .superRefine((issuer, context) => {
    const { url, discoveryURL, audiences, audienceMatchPolicy } = issuer;
    if (discoveryURL?.replace(/\/+$/, '') === url.replace(/\/+$/, ''))
      refuse(context, ['discoveryURL'], discoveryURL, 'must be different from url; leave it out');
    if (issuer.certificateAuthority !== undefined && issuer.certificateAuthorityFile !== undefined)
      refuse(
        context,
        ['certificateAuthorityFile'],
        issuer.certificateAuthorityFile,
        'leave this or certificateAuthority out',
      );
    refuseDoubles(context, audiences, (index) => ['audiences', String(index)]);
    if (audiences.length > 1 && audienceMatchPolicy === undefined)
      refuse(context, ['audienceMatchPolicy'], '', 'must be "MatchAny" for multiple audiences');
  });

export type IssuerConfig = z.infer<typeof issuerSchema>;
