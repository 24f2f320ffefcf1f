import { type Environment, Optional } from '@marcbachmann/cel-js';
import { checkFormat } from '../schema/formats.ts';
import {
  checkDns1035Label,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelValue,
  checkQualifiedName,
} from '../schema/names.ts';
import { parseUrl } from './urls.ts';

const SYNC = { async: false };

type Check = (text: string) => string | undefined;

/** A name that is completed: what stands before the rest may end in a dash. */
function prefixOf(check: Check): Check {
  return (text) => check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function uri(text: string): string | undefined {
  try {
    parseUrl(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function ofFormat(format: string, remedy: string): Check {
  return (text) => (checkFormat(format, text) === undefined ? undefined : remedy);
}

/** Source: ConstantFormats in k8s.io/apiserver/pkg/cel/library/format.go */
const FORMATS: Readonly<Record<string, Check>> = {
  dns1123Label: checkDnsLabel,
  dns1123Subdomain: checkDnsSubdomain,
  dns1035Label: checkDns1035Label,
  qualifiedName: checkQualifiedName,
  dns1123LabelPrefix: prefixOf(checkDnsLabel),
  dns1123SubdomainPrefix: prefixOf(checkDnsSubdomain),
  dns1035LabelPrefix: prefixOf(checkDns1035Label),
  labelValue: checkLabelValue,
  uri,
  uuid: ofFormat('uuid', 'does not match the UUID format'),
  byte: ofFormat('byte', 'invalid base64'),
  date: ofFormat('date', 'invalid date'),
  datetime: ofFormat('datetime', 'invalid datetime'),
};

class Format {
  readonly check: Check;

  constructor(check: Check) {
    this.check = check;
  }
}

class FormatNamespace {}

function validate({ check }: Format, text: string): Optional {
  const remedy = check(text);
  return remedy === undefined ? Optional.none() : Optional.of([remedy]);
}

function named(_: FormatNamespace, name: string): Optional {
  const check = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  return check === undefined ? Optional.none() : Optional.of(new Format(check));
}

/** `format.dns1123Label()` and its like, `format.named`, and `validate`: none where the text is right. */
export function addFormats(environment: Environment): void {
  environment
    .registerType('kubernetes.NamedFormat', { ctor: Format, fields: {} })
    .registerOperator(
      'kubernetes.NamedFormat == kubernetes.NamedFormat',
      (a: Format, b: Format) => a.check === b.check,
    )
    .registerType('FormatNamespace', FormatNamespace)
    .registerConstant('format', 'FormatNamespace', new FormatNamespace())
    .registerFunction('FormatNamespace.named(string): optional<kubernetes.NamedFormat>', named, SYNC)
    .registerFunction('kubernetes.NamedFormat.validate(string): optional<list<string>>', validate, SYNC);
  for (const [name, check] of Object.entries(FORMATS))
    environment.registerFunction(
      `FormatNamespace.${name}(): kubernetes.NamedFormat`,
      () => new Format(check),
      SYNC,
    );
}
