import type { JsonRecord } from '../../../../crds/generate/json-record.ts';
import { badRequest } from '../../http/errors.ts';
import { InvalidTokenError } from '../token-authenticator.ts';
import type { Review } from './review.ts';

function audiencesOf({ audiences }: JsonRecord): readonly string[] {
  return Array.isArray(audiences) ? audiences.filter((one) => typeof one === 'string') : [];
}

/** Who is this token from? Source: k8s.io/kubernetes/pkg/registry/authentication/tokenreview/storage.go */
export const tokenReview: Review = {
  group: 'authentication.k8s.io',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
  answer: async ({ spec, reviewToken }) => {
    const { token } = spec;
    if (typeof token !== 'string' || token === '')
      throw badRequest('token is required for TokenReview in authentication');
    const asked = audiencesOf(spec);
    try {
      const { user, audiences } = await reviewToken(token, asked);
      const { name: username, uid, groups, extra } = user;
      return {
        authenticated: true,
        user: {
          username,
          ...(uid === undefined ? {} : { uid }),
          groups,
          ...(extra === undefined ? {} : { extra }),
        },
        ...(asked.length === 0 ? {} : { audiences }),
      };
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      return { authenticated: false, user: {}, error: error.message };
    }
  },
};
