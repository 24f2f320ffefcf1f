import type { ConfigMap } from '../../../crds/configmap/definition.ts';
import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import type { FieldError } from '../schema/structural.ts';
import { forbiddenValue } from './errors.ts';
import type { AdmissionRule } from './rule.ts';

/** Names under which tools of providers look for their keys. */
const NAMES: ReadonlySet<string> = new Set([
  ...['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  ...['MISTRAL_API_KEY', 'GROQ_API_KEY', 'OPENROUTER_API_KEY', 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'],
  ...['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AZURE_CLIENT_SECRET', 'AZURE_OPENAI_API_KEY'],
  ...['GITHUB_TOKEN', 'GH_TOKEN', 'GITLAB_TOKEN', 'NPM_TOKEN', 'STRIPE_SECRET_KEY', 'SLACK_BOT_TOKEN'],
]);

/** What keys look like, by the prefixes that their providers give them so that they can be found. */
const LOOKS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/ },
  { what: "a provider's secret key", pattern: /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}/ },
  { what: 'a live payment key', pattern: /(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{16,}/ },
  { what: 'an AWS access key', pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/ },
  {
    what: 'a GitHub token',
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/,
  },
  { what: 'a GitLab token', pattern: /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{16,}/ },
  { what: 'a Slack token', pattern: /(?<![A-Za-z0-9])xox[abprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Google API key', pattern: /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,}/ },
];

const REMEDY =
  'keys of providers stay outside of the API: keep them where the calls are made, and hand out a short-lived token of your own';

/** The value is never repeated: the message would carry the key on. */
function keyErrors(name: string, value: string, nameField: string, valueField: string): FieldError[] {
  const upper = name.toUpperCase();
  // An empty value takes a variable away, which is no key.
  if (NAMES.has(upper) && value !== '')
    return [forbiddenValue(nameField, `${upper} is the name of a provider's key: ${REMEDY}`)];
  const look = LOOKS.find(({ pattern }) => pattern.test(value));
  return look === undefined
    ? []
    : [forbiddenValue(valueField, `the value looks like ${look.what}: ${REMEDY}`)];
}

function configMapErrors({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const texts = Object.entries(data).flatMap(([key, value]) =>
    keyErrors(key, value, `data[${key}]`, `data[${key}]`),
  );
  const bytes = Object.entries(binaryData).flatMap(([key, value]) => {
    const field = `binaryData[${key}]`;
    return keyErrors(key, Buffer.from(value, 'base64').toString('latin1'), field, field);
  });
  return [...texts, ...bytes];
}

/** Everybody who may read a container or a ConfigMap reads what is in it: no provider's key may stand there. */
export const providerKeys: AdmissionRule = ({ definition, object }) => {
  if (definition.builtIn && definition.kind === 'ConfigMap') return configMapErrors(object as ConfigMap);
  if (definition.kind !== 'SandboxContainer') return [];
  const { env = [] } = (object as SandboxContainer).spec;
  return env.flatMap(({ name, value }, index) =>
    keyErrors(name, value, `spec.env[${index}].name`, `spec.env[${index}].value`),
  );
};
