import type { Service, ServicePort } from '../../../crds/service/definition.ts';
import { checkDnsLabel, checkDnsSubdomain, checkLabelValue, checkQualifiedName } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, forbiddenValue, invalidValue, notSupported, required } from './errors.ts';
import type { AdmissionRule } from './rule.ts';

type Spec = NonNullable<Service['spec']>;

const TYPES = ['ClusterIP', 'ExternalName'] as const;
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'] as const;
const HEADLESS = 'None';
const PORT_RANGE = 'must be between 1 and 65535, inclusive';

function isPort(value: number): boolean {
  return value >= 1 && value <= 65_535;
}

/** A port's name in the terms of RFC 6335, or its number. */
function targetErrors(target: ServicePort['targetPort'], field: string): FieldError[] {
  if (target === undefined) return [];
  if (typeof target === 'number') return isPort(target) ? [] : [invalidValue(field, target, PORT_RANGE)];
  const isName = /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(target) && target.length <= 15;
  const detail =
    'must be a port name of at most 15 lower case letters, digits and single dashes, with a letter';
  return isName ? [] : [invalidValue(field, target, detail)];
}

function portErrors(port: ServicePort, needsName: boolean, path: string): FieldError[] {
  const { name = '', protocol, nodePort = 0 } = port;
  return [
    ...(name === ''
      ? [needsName ? required(`${path}.name`) : []].flat()
      : checked(`${path}.name`, name, checkDnsLabel(name))),
    ...(isPort(port.port) ? [] : [invalidValue(`${path}.port`, port.port, PORT_RANGE)]),
    ...(PROTOCOLS.some((each) => each === protocol)
      ? []
      : [notSupported(`${path}.protocol`, protocol, PROTOCOLS)]),
    ...targetErrors(port.targetPort, `${path}.targetPort`),
    ...(nodePort === 0
      ? []
      : [forbiddenValue(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")]),
  ];
}

function portsErrors({ ports = [] }: Spec): FieldError[] {
  const names = ports.map(({ name = '' }) => name);
  const twice = names.flatMap((name, index): FieldError[] => {
    if (name === '' || names.indexOf(name) === index) return [];
    return [{ field: `spec.ports[${index}].name`, type: 'FieldValueDuplicate', value: name, detail: '' }];
  });
  return [
    ...ports.flatMap((port, index) => portErrors(port, ports.length > 1, `spec.ports[${index}]`)),
    ...twice,
  ];
}

function addressErrors({ type, clusterIP = '', clusterIPs = [], externalName = '' }: Spec): FieldError[] {
  if (type === 'ExternalName') {
    const cname = externalName.replace(/\.$/, '');
    return [
      ...(clusterIPs.length === 0
        ? []
        : [forbiddenValue('spec.clusterIPs', 'may not be set for ExternalName services')]),
      ...(cname === ''
        ? [required('spec.externalName')]
        : checked('spec.externalName', cname, checkDnsSubdomain(cname))),
    ];
  }
  const remedy = 'must be "None": there is no cluster network here to give out addresses of';
  if (clusterIP === '') return [required('spec.clusterIP', remedy)];
  if (clusterIP !== HEADLESS) return [invalidValue('spec.clusterIP', clusterIP, remedy)];
  return clusterIPs.length === 1 && clusterIPs[0] === clusterIP
    ? []
    : [invalidValue('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')];
}

function selectorErrors({ selector = {} }: Spec): FieldError[] {
  return Object.entries(selector).flatMap(([key, value]) => [
    ...checked('spec.selector', key, checkQualifiedName(key)),
    ...checked('spec.selector', value, checkLabelValue(value)),
  ]);
}

/**
 * Services that hold without a cluster network: headless ones and names of something outside.
 * Source: ValidateService in kubernetes pkg/apis/core/validation/validation.go
 */
export const services: AdmissionRule = ({ definition, object }) => {
  if (!definition.builtIn || definition.kind !== 'Service') return [];
  const spec = (object as Service).spec ?? {};
  const { type = '', sessionAffinity = '' } = spec;
  return [
    ...(TYPES.some((each) => each === type) ? addressErrors(spec) : [notSupported('spec.type', type, TYPES)]),
    ...portsErrors(spec),
    ...selectorErrors(spec),
    ...(sessionAffinity === 'None' || sessionAffinity === 'ClientIP'
      ? []
      : [notSupported('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None'])]),
  ];
};
