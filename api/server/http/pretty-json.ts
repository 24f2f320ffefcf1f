import type { RenderedAnswer } from './answer.ts';

/** What decides how an answer's JSON is laid out. */
export interface LayoutRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly userAgent: string | undefined;
}

/** Programs that people read the output of. */
const READ_BY_PEOPLE = /^(?:curl|Wget|Mozilla\/5\.0)/;

/** As Go's strconv.ParseBool. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Source: isPrettyPrint in k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go */
function isPretty({ path, query, userAgent = '' }: LayoutRequest): boolean {
  if (path === '/version') return true;
  if (path.startsWith('/openapi/')) return false;
  const pretty = query.get('pretty') ?? '';
  return pretty === '' ? READ_BY_PEOPLE.test(userAgent) : TRUE.has(pretty);
}

/** An answer with its JSON in lines where `pretty` is asked for, or a browser or curl asks. */
export function withLayout(answer: RenderedAnswer, request: LayoutRequest): RenderedAnswer {
  const { contentType, body } = answer;
  if (!contentType.startsWith('application/json') || body.length === 0 || !isPretty(request)) return answer;
  return { ...answer, body: JSON.stringify(JSON.parse(body.toString()), undefined, 2) };
}
