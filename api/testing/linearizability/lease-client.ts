import { type JsonAnswer, type JsonConnection, type JsonRequest, NoAnswer } from '../json-connection.ts';
import { type LeaseClient, markOf, type Outcome, type Seen, type SeenList, WRITTEN } from './operation.ts';

/** A lease as an answer holds it. */
export function seenOf(lease: {
  metadata: { name: string; resourceVersion: string; uid: string; annotations?: Record<string, string> };
}): Seen {
  const { name, resourceVersion, uid, annotations = {} } = lease.metadata;
  return { key: name, revision: Number(resourceVersion), uid, content: annotations };
}

export function leasesPath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

function leaseBody(name: string, token: string, resourceVersion?: string) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      annotations: { [WRITTEN]: token },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: { holderIdentity: token },
  };
}

/** No answer to these says whether the write was carried out. */
const UNKNOWN_CODES: ReadonlySet<number> = new Set([429, 503, 504]);

function refusalOf({ code, json }: JsonAnswer): Outcome {
  const { reason } = json;
  if (UNKNOWN_CODES.has(code)) return { kind: 'unknown' };
  if (reason === 'AlreadyExists' || reason === 'NotFound' || reason === 'Conflict')
    return { kind: 'refused', reason };
  return { kind: 'defect', code, message: String(json.message) };
}

/** The real API over HTTPS. */
export class HttpLeaseClient implements LeaseClient {
  readonly #connection: JsonConnection;
  readonly #path: string;
  /** Every other list is read in pages of this size. */
  readonly #pageSize: number;
  #listCount = 0;

  constructor(connection: JsonConnection, namespace: string, pageSize = 2) {
    this.#connection = connection;
    this.#path = leasesPath(namespace);
    this.#pageSize = pageSize;
  }

  create(key: string, token: string): Promise<Outcome> {
    return this.#object({ method: 'POST', path: this.#path, body: leaseBody(key, token) });
  }

  get(key: string): Promise<Outcome> {
    return this.#object({ method: 'GET', path: `${this.#path}/${key}` });
  }

  update({ key, revision }: Seen, token: string): Promise<Outcome> {
    const body = leaseBody(key, token, String(revision));
    return this.#object({ method: 'PUT', path: `${this.#path}/${key}`, body });
  }

  patch(key: string, token: string): Promise<Outcome> {
    return this.#object({
      method: 'PATCH',
      path: `${this.#path}/${key}`,
      body: { metadata: { annotations: { [markOf(token)]: token } } },
      contentType: 'application/merge-patch+json',
    });
  }

  delete(key: string): Promise<Outcome> {
    return this.#outcome({ method: 'DELETE', path: `${this.#path}/${key}` }, (json) => ({
      kind: 'deleted',
      uid: json.details.uid,
    }));
  }

  dryRun(key: string, token: string): Promise<Outcome> {
    return this.#object({
      method: 'POST',
      path: `${this.#path}?dryRun=All`,
      body: leaseBody(key, token),
    });
  }

  list(): Promise<Outcome> {
    this.#listCount += 1;
    return this.#pages(this.#listCount % 2 === 0 ? '' : `?limit=${this.#pageSize}`);
  }

  cachedList(): Promise<Outcome> {
    return this.#pages('?resourceVersion=0');
  }

  #object(request: JsonRequest): Promise<Outcome> {
    return this.#outcome(request, (json) => ({ kind: 'seen', seen: seenOf(json) }));
  }

  async #outcome(request: JsonRequest, read: (json: JsonAnswer['json']) => Outcome): Promise<Outcome> {
    try {
      const answer = await this.#connection.send(request);
      return answer.code < 300 ? read(answer.json) : refusalOf(answer);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { kind: error.maybeSent ? 'unknown' : 'unsent' };
    }
  }

  async #pages(query: string): Promise<Outcome> {
    const items: Seen[] = [];
    let token = '';
    for (;;) {
      const separator = query === '' ? '?' : '&';
      const path = `${this.#path}${query}${token === '' ? '' : `${separator}continue=${encodeURIComponent(token)}`}`;
      const outcome = await this.#outcome({ method: 'GET', path }, (json) => {
        items.push(...json.items.map(seenOf));
        token = json.metadata.continue ?? '';
        const list: SeenList = { revision: Number(json.metadata.resourceVersion), items };
        return { kind: 'list', list };
      });
      if (outcome.kind !== 'list' || token === '') return outcome;
    }
  }
}
