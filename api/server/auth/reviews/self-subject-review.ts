import type { Review } from './review.ts';

/** Who am I? */
export const selfSubjectReview: Review = {
  group: 'authentication.k8s.io',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
  isDated: true,
  answer: ({ user }) => ({
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
  }),
};
