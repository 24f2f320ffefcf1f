/** Reasons of a Node's events about its guest images. `docs/operations.md` has a line for each. */
export const COLLECTION_REASONS = {
  GuestImageCollected: 'GuestImageCollected',
  GuestImageCollectionFailed: 'GuestImageCollectionFailed',
} as const;
