import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isTimestamp, TIMESTAMP_REMEDY } from '../../../crds/meta/timestamp.ts';

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const HOST =
  /^([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*\.?$/;
const DURATION = /^-?(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w)\s*)+$/;

function isCidr(value: string): boolean {
  const [address = '', length = '', ...more] = value.split('/');
  const version = isIP(address);
  return (
    more.length === 0 &&
    version !== 0 &&
    /^\d{1,3}$/.test(length) &&
    Number(length) <= (version === 4 ? 32 : 128)
  );
}

function isDate(value: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(value) ? new Date(`${value}T00:00:00Z`) : undefined;
  return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

/** Formats of strings that are checked; others say something to people alone. */
const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  byte: (value) => /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  cidr: isCidr,
  date: isDate,
  duration: (value) => DURATION.test(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  hostname: (value) => HOST.test(value) && value.length <= 253,
  ipv4: isIPv4,
  ipv6: isIPv6,
  uri: (value) => URL.canParse(value),
  uuid: (value) => UUID.test(value),
};

/**
 * What is wrong with a string of a format, or undefined.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go
 */
export function checkFormat(format: string, value: string): string | undefined {
  if (format === 'date-time' || format === 'datetime')
    return isTimestamp(value) ? undefined : TIMESTAMP_REMEDY;
  const check = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  return check === undefined || check(value) ? undefined : `must be of the format ${format}`;
}
