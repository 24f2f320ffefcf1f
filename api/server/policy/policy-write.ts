import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { User } from '../auth/user.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What is written: the kind of the object that policies see, a subresource's own where it has one. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A write as policies see it. Source: k8s.io/apiserver/pkg/admission Attributes */
export interface PolicyWrite {
  readonly operation: Operation;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly kind: GroupVersionKind;
  /** Empty at the cluster scope; a namespace is in itself. */
  readonly namespace: string;
  readonly name: string;
  /** As it will be; null for a delete. */
  readonly object: JsonRecord | null;
  /** As it is; null for a create. */
  readonly oldObject: JsonRecord | null;
  readonly user: User;
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions or DeleteOptions. */
  readonly options: JsonRecord;
  /** Further versions that the same objects are served in. */
  readonly otherVersions: () => readonly string[];
  /** The namespace that it is in. @throws StatusError 503 where it is not known yet */
  readonly namespaceObject: () => ApiObject | undefined;
}

/** Whether the object written is a namespace. */
export function isNamespaceWrite({ group, plural }: Pick<PolicyWrite, 'group' | 'plural'>): boolean {
  return group === '' && plural === 'namespaces';
}
