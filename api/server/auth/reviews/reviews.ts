import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import { badRequest } from '../../http/errors.ts';
import { timestamp } from '../../write/write-request.ts';
import { requireAccess } from '../forbidden.ts';
import { ACCESS_REVIEWS } from './access-reviews.ts';
import { type Review, type ReviewInput, reviewAttributes } from './review.ts';
import { selfSubjectReview } from './self-subject-review.ts';
import { tokenReview } from './token-review.ts';

/** Every review that is served. */
export const REVIEWS: readonly Review[] = [selfSubjectReview, tokenReview, ...ACCESS_REVIEWS];

/** A review that a path names, and where. */
export interface ReviewTarget {
  readonly review: Review;
  readonly namespace: string | undefined;
}

const REVIEW_PATH =
  /^\/apis\/(?<group>(?:authorization|authentication)\.k8s\.io)\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[a-z]+)\/?$/;

/** The review to which a POST goes; undefined for other paths. */
export function findReview(path: string): ReviewTarget | undefined {
  const { group, namespace, plural } = REVIEW_PATH.exec(path)?.groups ?? {};
  const review = REVIEWS.find((one) => one.group === group && one.plural === plural);
  if (review === undefined || review.namespaced !== (namespace !== undefined)) return undefined;
  return { review, namespace };
}

/**
 * The answer to a review.
 * @throws StatusError 403 for somebody who may not ask, 400 for another kind in the body, 422 for a wrong spec
 */
export async function answerReview(
  { review, namespace }: ReviewTarget,
  body: JsonRecord,
  asked: Pick<ReviewInput, 'user' | 'authorize' | 'rules' | 'reviewToken'> & { readonly nowMs: number },
): Promise<JsonRecord> {
  const { user, authorize } = asked;
  requireAccess(authorize, reviewAttributes(user, review, namespace));
  const apiVersion = `${review.group}/v1`;
  if (body.kind !== review.kind || body.apiVersion !== apiVersion) {
    throw badRequest(
      `the object provided is unrecognized (apiVersion ${JSON.stringify(body.apiVersion)}, kind ${JSON.stringify(body.kind)}): this URL takes ${apiVersion}, Kind=${review.kind}`,
    );
  }
  const spec = isRecord(body.spec) ? body.spec : {};
  return {
    kind: review.kind,
    apiVersion,
    metadata: {
      creationTimestamp: review.isDated ? timestamp(asked.nowMs) : null,
      ...(namespace === undefined ? {} : { namespace }),
    },
    ...(isRecord(body.spec) ? { spec } : {}),
    status: await review.answer({ ...asked, namespace, spec }),
  };
}
