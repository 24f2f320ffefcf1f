import type { Environment } from '@marcbachmann/cel-js';
import type { Attributes, Authorize } from '../auth/authorize.ts';
import { pathAttributes } from '../auth/request-attributes.ts';
import type { User } from '../auth/user.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../schema/names.ts';
import { type FieldRequirement, parseFieldTerms } from '../selectors/field-selector.ts';
import { SelectorError } from '../selectors/selector-error.ts';

/** What a check costs. Source: AuthzCheck in k8s.io/apiserver/pkg/cel/library/cost.go */
const CHECK_COST = 350_000;

/** Who is asked, and who pays for it. */
export interface Asking {
  readonly authorize: Authorize;
  readonly spend: (cost: number) => void;
}

/** What an authoriser said. */
class Decision {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error: string;

  constructor(allowed: boolean, reason: string, error = '') {
    this.allowed = allowed;
    this.reason = reason;
    this.error = error;
  }
}

function decide({ authorize, spend }: Asking, asked: Attributes): Decision {
  spend(CHECK_COST);
  try {
    const { allowed, reason } = authorize(asked);
    return new Decision(allowed, reason);
  } catch (error) {
    return new Decision(false, '', error instanceof Error ? error.message : String(error));
  }
}

type Fields = Omit<Attributes, 'user' | 'verb' | 'path'>;

/** Whether somebody may do something to a resource. */
export class ResourceCheck {
  readonly asking: Asking;
  readonly user: User;
  readonly fields: Fields;

  constructor(asking: Asking, user: User, fields: Fields) {
    this.asking = asking;
    this.user = user;
    this.fields = fields;
  }

  with(more: Partial<Fields>): ResourceCheck {
    return new ResourceCheck(this.asking, this.user, { ...this.fields, ...more });
  }

  check(verb: string): Decision {
    return decide(this.asking, { ...this.fields, user: this.user, verb });
  }
}

class PathCheck {
  readonly asking: Asking;
  readonly user: User;
  readonly path: string;

  constructor(asking: Asking, user: User, path: string) {
    this.asking = asking;
    this.user = user;
    this.path = path;
  }
}

class GroupCheck {
  readonly authorizer: Authorizer;
  readonly group: string;

  constructor(authorizer: Authorizer, group: string) {
    this.authorizer = authorizer;
    this.group = group;
  }
}

/** What expressions know as `authorizer`: asks about the writer, or about a service account. */
export class Authorizer {
  readonly asking: Asking;
  readonly user: User;
  /** The check of the write itself. */
  readonly requestResource: ResourceCheck;

  constructor(asking: Asking, user: User, requestResource: ResourceCheck) {
    this.asking = asking;
    this.user = user;
    this.requestResource = requestResource;
  }
}

function notEmpty(what: string, text: string): string {
  if (text.trim() === '') throw new RangeError(`${what} must not be empty`);
  return text;
}

function pathOf(text: string): string {
  const path = notEmpty('path', text);
  return path.startsWith('/') ? path : `/${path}`;
}

function asServiceAccount(authorizer: Authorizer, namespace: string, name: string): Authorizer {
  const [wrongName, wrongNamespace] = [checkDnsSubdomain(name), checkDnsLabel(namespace)];
  if (wrongName !== undefined) throw new RangeError(`Invalid service account name: ${wrongName}`);
  if (wrongNamespace !== undefined)
    throw new RangeError(`Invalid service account namespace: ${wrongNamespace}`);
  const user: User = {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
  return new Authorizer(authorizer.asking, user, authorizer.requestResource);
}

/** Without the selector less is allowed, never more: one that cannot be read is left out, as upstream. */
function readableTerms(selector: string): readonly FieldRequirement[] {
  try {
    return parseFieldTerms(selector);
  } catch (error) {
    if (error instanceof SelectorError) return [];
    throw error;
  }
}

const SYNC = { async: false };
const TYPE = 'kubernetes.authorization';
const EMPTY: Fields = { group: '', resource: '', subresource: '', namespace: '', name: '' };

function addChecks(environment: Environment): void {
  const resource = `${TYPE}.ResourceCheck`;
  for (const field of ['subresource', 'namespace', 'name'] as const) {
    environment.registerFunction(
      `${resource}.${field}(string): ${resource}`,
      (check: ResourceCheck, value: string) => check.with({ [field]: value }),
      SYNC,
    );
  }
  // Roles know no selectors, the node authoriser those of fields: what nobody decides by is taken and not asked about.
  environment
    .registerFunction(
      `${resource}.fieldSelector(string): ${resource}`,
      (check: ResourceCheck, selector: string) => check.with({ fieldSelector: readableTerms(selector) }),
      SYNC,
    )
    .registerFunction(
      `${resource}.labelSelector(string): ${resource}`,
      (check: ResourceCheck) => check,
      SYNC,
    );
  environment
    .registerFunction(
      `${resource}.check(string): ${TYPE}.Decision`,
      (check: ResourceCheck, verb: string) => check.check(verb),
      SYNC,
    )
    .registerFunction(
      `${TYPE}.PathCheck.check(string): ${TYPE}.Decision`,
      ({ asking, user, path }: PathCheck, verb: string) => decide(asking, pathAttributes(user, verb, path)),
      SYNC,
    );
}

/** The functions of `authorizer`. Source: k8s.io/apiserver/pkg/cel/library/authz.go */
export function addAuthorizer(environment: Environment): void {
  environment
    // Types without fields: expressions reach nothing but the functions.
    .registerType(`${TYPE}.Decision`, { ctor: Decision, fields: {} })
    .registerType(`${TYPE}.ResourceCheck`, { ctor: ResourceCheck, fields: {} })
    .registerType(`${TYPE}.PathCheck`, { ctor: PathCheck, fields: {} })
    .registerType(`${TYPE}.GroupCheck`, { ctor: GroupCheck, fields: {} })
    .registerType(`${TYPE}.Authorizer`, {
      ctor: Authorizer,
      fields: { requestResource: `${TYPE}.ResourceCheck` },
    })
    .registerFunction(
      `${TYPE}.Authorizer.path(string): ${TYPE}.PathCheck`,
      ({ asking, user }: Authorizer, path: string) => new PathCheck(asking, user, pathOf(path)),
      SYNC,
    )
    .registerFunction(
      `${TYPE}.Authorizer.group(string): ${TYPE}.GroupCheck`,
      (authorizer: Authorizer, group: string) => new GroupCheck(authorizer, group),
      SYNC,
    )
    .registerFunction(
      `${TYPE}.Authorizer.serviceAccount(string, string): ${TYPE}.Authorizer`,
      asServiceAccount,
      SYNC,
    )
    .registerFunction(
      `${TYPE}.GroupCheck.resource(string): ${TYPE}.ResourceCheck`,
      ({ authorizer, group }: GroupCheck, resource: string) =>
        new ResourceCheck(authorizer.asking, authorizer.user, {
          ...EMPTY,
          group,
          resource: notEmpty('resource', resource),
        }),
      SYNC,
    )
    .registerFunction(`${TYPE}.Decision.allowed(): bool`, ({ allowed }: Decision) => allowed, SYNC)
    .registerFunction(`${TYPE}.Decision.reason(): string`, ({ reason }: Decision) => reason, SYNC)
    .registerFunction(`${TYPE}.Decision.errored(): bool`, ({ error }: Decision) => error !== '', SYNC)
    .registerFunction(`${TYPE}.Decision.error(): string`, ({ error }: Decision) => error, SYNC);
  addChecks(environment);
}
