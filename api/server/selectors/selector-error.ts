/** A selector that cannot be read, or names a field that cannot be selected by. */
export class SelectorError extends Error {}
