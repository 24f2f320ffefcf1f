/** How an amount is written. Source: Format in k8s.io/apimachinery/pkg/api/resource/quantity.go */
type QuantityFormat = 'decimal' | 'binary' | 'exponent';

/** Powers of ten or of two, by suffix. Source: k8s.io/apimachinery/pkg/api/resource/suffix.go */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Characters that are taken: the work on a longer number has no other bound. */
const LENGTH_MAX = 64;

const NANOS = 10n ** 9n;

/** What one of a unit is, as a fraction of billionths. */
interface Unit {
  readonly nanos: bigint;
  readonly divisor: bigint;
  readonly format: QuantityFormat;
}

function unitOf(suffix: string): Unit | undefined {
  const decimal = DECIMAL.indexOf(suffix);
  if (decimal >= 0) return { nanos: 10n ** BigInt(decimal * 3), divisor: 1n, format: 'decimal' };
  const binary = BINARY.indexOf(suffix);
  if (binary >= 0) return { nanos: 2n ** BigInt((binary + 1) * 10) * NANOS, divisor: 1n, format: 'binary' };
  const exponent = /^[eE]([+-]?\d{1,2})$/.exec(suffix)?.[1];
  if (exponent === undefined) return undefined;
  const power = Number(exponent);
  return power < 0
    ? { nanos: NANOS, divisor: 10n ** BigInt(-power), format: 'exponent' }
    : { nanos: NANOS * 10n ** BigInt(power), divisor: 1n, format: 'exponent' };
}

function roundedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/**
 * An amount in whole billionths, so that every one that Kubernetes can tell apart is exact, and sums are too.
 * Source: Quantity in k8s.io/apimachinery/pkg/api/resource/quantity.go
 */
export class ExactQuantity {
  static readonly zero = new ExactQuantity(0n, 'decimal');
  static readonly one = new ExactQuantity(NANOS, 'decimal');

  readonly nanos: bigint;
  readonly #format: QuantityFormat;

  private constructor(nanos: bigint, format: QuantityFormat) {
    this.nanos = nanos;
    this.#format = format;
  }

  /** Undefined for what is no quantity. Rounds up to whole billionths, as Kubernetes does. */
  static parse(text: string): ExactQuantity | undefined {
    if (text.length > LENGTH_MAX) return undefined;
    const match = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]*|[eE][+-]?\d+)$/.exec(text);
    if (match === null) return undefined;
    const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
    const unit = unitOf(suffix);
    if (unit === undefined || whole + fraction === '') return undefined;
    const divisor = 10n ** BigInt(fraction.length) * unit.divisor;
    const nanos = roundedUp(BigInt(whole + fraction) * unit.nanos, divisor);
    return new ExactQuantity(sign === '-' ? -nanos : nanos, unit.format);
  }

  /** So many whole ones. */
  static ofCount(count: number | bigint): ExactQuantity {
    return new ExactQuantity(BigInt(count) * NANOS, 'decimal');
  }

  /** Written as this one is, or as the other where this is nothing. */
  plus(other: ExactQuantity): ExactQuantity {
    return new ExactQuantity(this.nanos + other.nanos, this.nanos === 0n ? other.#format : this.#format);
  }

  /** May be less than nothing. */
  minus(other: ExactQuantity): ExactQuantity {
    return new ExactQuantity(this.nanos - other.nanos, this.#format);
  }

  /** The whole number that it is; undefined where it has a fraction. */
  get count(): bigint | undefined {
    return this.nanos % NANOS === 0n ? this.nanos / NANOS : undefined;
  }

  /** What is more in this than in the other; nothing where it is less. */
  excessOver(other: ExactQuantity): ExactQuantity {
    const nanos = this.nanos - other.nanos;
    return new ExactQuantity(nanos > 0n ? nanos : 0n, this.#format);
  }

  get isZero(): boolean {
    return this.nanos === 0n;
  }

  /** -1n, 0n or 1n. */
  compareTo(other: ExactQuantity): bigint {
    return this.nanos < other.nanos ? -1n : this.nanos > other.nanos ? 1n : 0n;
  }

  /** The canonical form: no fraction, the largest unit that allows it. */
  toString(): string {
    if (this.isZero) return '0';
    const whole = this.nanos / NANOS;
    const isBinary =
      this.#format === 'binary' && whole * NANOS === this.nanos && (whole >= 1024n || whole <= -1024n);
    return isBinary ? written(whole, 1024n, ['', ...BINARY]) : this.#toDecimal();
  }

  #toDecimal(): string {
    const suffixes =
      this.#format === 'exponent'
        ? DECIMAL.map((_, index) => (index === 3 ? '' : `e${index * 3 - 9}`))
        : DECIMAL;
    return written(this.nanos, 1000n, suffixes);
  }
}

/** The amount without the factors of `base` that a suffix stands for. */
function written(amount: bigint, base: bigint, suffixes: readonly string[]): string {
  let rest = amount;
  let index = 0;
  while (index < suffixes.length - 1 && rest % base === 0n) {
    rest /= base;
    index += 1;
  }
  return `${rest}${suffixes[index] ?? ''}`;
}
