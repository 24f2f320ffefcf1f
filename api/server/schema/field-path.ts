/** `parent.name`, or `name` at the root. */
export function fieldPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}

/** `parent[index]` for a list, `parent[key]` for a map, as Kubernetes writes them. */
export function elementPath(parent: string, indexOrKey: number | string): string {
  return `${parent}[${indexOrKey}]`;
}
