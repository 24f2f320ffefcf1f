/** A request as the VMM's HTTP library sees it: headers other than Content-Length play no part. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Undefined where Content-Length is absent or 0: a chunked body is not read. */
  readonly body: string | undefined;
}

/** A request that the library refuses; its text goes to the client. */
export class HttpParseError extends Error {}

/** Largest body that the library reads. */
export const bodyBytesMax = 51_200;

/** Cuts a connection's bytes into requests, as micro-http does. */
export class RequestParser {
  #buffer: Buffer = Buffer.alloc(0);
  #head: { method: string; path: string; length: number } | undefined;

  /** @throws HttpParseError; what was buffered is dropped then */
  push(chunk: Buffer): HttpRequest[] {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    try {
      const requests: HttpRequest[] = [];
      for (let request = this.#next(); request !== undefined; request = this.#next()) requests.push(request);
      return requests;
    } catch (error) {
      this.#buffer = Buffer.alloc(0);
      this.#head = undefined;
      throw error;
    }
  }

  #next(): HttpRequest | undefined {
    if (this.#head === undefined) {
      const line = this.#buffer.indexOf('\r\n');
      if (line !== -1) checkRequestLine(this.#buffer.toString('latin1', 0, line));
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end === -1) return undefined;
      this.#head = parseHead(this.#buffer.toString('latin1', 0, end));
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    const { method, path, length } = this.#head;
    if (this.#buffer.length < length) return undefined;
    const body = length === 0 ? undefined : this.#buffer.toString('utf8', 0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.#head = undefined;
    return { method, path, body };
  }
}

function parseHead(head: string) {
  const [requestLine = '', ...headers] = head.split('\r\n');
  const { method, path } = checkRequestLine(requestLine);
  let length = 0;
  for (const header of headers) {
    const colon = header.indexOf(':');
    if (colon === -1)
      throw new HttpParseError(`Invalid header. Reason: Invalid content length. Header: ${header}`);
    if (header.slice(0, colon).trim().toLowerCase() !== 'content-length') continue;
    const value = header.slice(colon + 1);
    if (!/^\s*\d+\s*$/.test(value)) {
      throw new HttpParseError(
        `Invalid header. Reason: Invalid value. Key:${header.slice(0, colon)}; Value:${value}`,
      );
    }
    length = Number(value);
  }
  if (length > bodyBytesMax) {
    throw new HttpParseError(
      `Request payload with size ${length} is larger than the limit of ${bodyBytesMax} allowed by server.`,
    );
  }
  return { method, path, length };
}

function checkRequestLine(line: string) {
  const parts = line.split(' ');
  const [method, path, version] = parts;
  if (parts.length !== 3 || method === undefined || path === undefined || version === undefined) {
    throw new HttpParseError('Invalid request.');
  }
  if (!['GET', 'PUT', 'PATCH'].includes(method)) {
    throw new HttpParseError('Invalid HTTP Method: Unsupported HTTP method.');
  }
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    throw new HttpParseError('Invalid HTTP Version: Unsupported HTTP version.');
  }
  return { method, path };
}
