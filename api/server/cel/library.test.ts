import test from 'ava';
import { CostMeter, meterTree } from './cost.ts';
import { summaryOf } from './issue.ts';
import { createEnvironment } from './library.ts';

/** What all expressions here may look at; `dyn` hides the type of a value. */
const VALUES = {
  text: 'this is a 123 string 456',
  nums: [2n, 1n, 3n],
  pairs: new Map([
    ['a', 1n],
    ['b', 2n],
  ]),
  many: Array.from({ length: 1_200 }, (_, index) => BigInt(index)),
  long: 'x'.repeat(5_000),
  entries: [
    { k: 'a', v: 1n },
    { k: 'b', v: 2n },
  ],
};

const environment = createEnvironment()
  .registerVariable('text', 'string')
  .registerVariable('nums', 'list<int>')
  .registerVariable('pairs', 'map<string, int>')
  .registerVariable('many', 'list<int>')
  .registerVariable('long', 'string')
  .registerVariable('entries', 'dyn');

function evaluate(expression: string): unknown {
  const parsed = environment.parse(expression);
  const { valid, error } = parsed.check();
  if (!valid) return `does not compile: ${summaryOf(error)}`;
  const meter = new CostMeter();
  meterTree(parsed.ast, () => meter);
  try {
    return parsed(VALUES);
  } catch (failure) {
    return `fails: ${summaryOf(failure)}`;
  }
}

/** Named after the upstream library; most cases are those of its own tests in k8s.io/apiserver/pkg/cel/library. */
const TRUE: Readonly<Record<string, readonly string[]>> = {
  ip: [
    'string(ip("192.168.0.1")) == "192.168.0.1"',
    'string(ip("2001:DB8:0:0:0:0:0:68")) == "2001:db8::68"',
    'string(ip("1:0:0:2:0:0:0:3")) == "1:0:0:2::3"',
    'string(ip("::")) == "::" && string(ip("::ffff")) == "::ffff"',
    'isIP("192.168.0.1") && isIP("2001:db8::68")',
    '!isIP("192.168.0.1.0") && !isIP("2001:db8:::68") && !isIP("::ffff:1.2.3.4") && !isIP("fe80::1%eth0")',
    '!isIP("010.1.1.1") && !isIP("")',
    'ip("192.168.0.1").family() == 4 && ip("2001:db8::68").family() == 6',
    'ip.isCanonical("127.0.0.1") && ip.isCanonical("2001:db8::68") && !ip.isCanonical("2001:DB8::68")',
    'ip("0.0.0.0").isUnspecified() && ip("::").isUnspecified()',
    '!ip("127.0.0.1").isUnspecified() && !ip("::1").isUnspecified()',
    'ip("127.0.0.1").isLoopback() && ip("::1").isLoopback()',
    '!ip("1.2.3.4").isLoopback() && !ip("2001:db8::abcd").isLoopback()',
    'ip("224.0.0.1").isLinkLocalMulticast() && ip("ff02::1").isLinkLocalMulticast()',
    '!ip("224.0.1.1").isLinkLocalMulticast() && !ip("fd00::1").isLinkLocalMulticast()',
    'ip("169.254.169.254").isLinkLocalUnicast() && ip("fe80::1").isLinkLocalUnicast()',
    '!ip("192.168.0.1").isLinkLocalUnicast() && !ip("fd80::1").isLinkLocalUnicast()',
    'ip("192.168.0.1").isGlobalUnicast() && ip("2001:db8::abcd").isGlobalUnicast()',
    '!ip("255.255.255.255").isGlobalUnicast() && !ip("ff00::1").isGlobalUnicast()',
    'ip("10.0.0.1") == ip("10.0.0.1") && ip("10.0.0.1") != ip("10.0.0.2")',
  ],
  cidr: [
    'string(cidr("192.168.0.0/24")) == "192.168.0.0/24"',
    'isCIDR("192.168.0.0/24") && isCIDR("2001:db8::/32")',
    '!isCIDR("192.168.0.0/") && !isCIDR("192.168.0.0/33") && !isCIDR("2001:db8::/") && !isCIDR("1.2.3.4")',
    'cidr("192.168.0.0/24").containsIP("192.168.0.1") && cidr("192.168.0.0/24").containsIP(ip("192.168.0.1"))',
    '!cidr("192.168.0.0/24").containsIP("192.168.1.1") && !cidr("192.168.0.0/24").containsIP(ip("::1"))',
    'cidr("2001:db8::/32").containsIP("2001:db8::1") && !cidr("2001:db8::/32").containsIP("2001:dc8::1")',
    'cidr("192.168.0.0/24").containsCIDR("192.168.0.0/25")',
    '!cidr("192.168.0.0/24").containsCIDR("192.168.0.0/23")',
    'cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.1/32"))',
    '!cidr("192.168.0.0/24").containsCIDR(cidr("192.169.0.1/32"))',
    'cidr("2001:db8::/32").containsCIDR("2001:db8::/33") && !cidr("2001:db8::/32").containsCIDR("2001:db8::/31")',
    'cidr("192.168.0.0/24").ip() == ip("192.168.0.0")',
    'cidr("192.168.0.0/24").prefixLength() == 24',
    'cidr("192.168.0.1/24").masked() == cidr("192.168.0.0/24")',
    'string(cidr("2001:db8:1::/32").masked()) == "2001:db8::/32"',
  ],
  format: [
    '!format.dns1123Label().validate("my-label-name").hasValue()',
    'format.dns1123Label().validate("contains a space").value().size() == 1',
    '!format.dns1123LabelPrefix().validate("my-label-prefix-").hasValue()',
    'format.dns1123LabelPrefix().validate("contains a space-").hasValue()',
    '!format.dns1123Subdomain().validate("apiextensions.k8s.io").hasValue()',
    'format.dns1123Subdomain().validate("contains a space").hasValue()',
    '!format.dns1123SubdomainPrefix().validate("mysubdomain.prefix.-").hasValue()',
    '!format.dns1035Label().validate("my-label-name").hasValue()',
    'format.dns1035Label().validate("1").hasValue()',
    '!format.qualifiedName().validate("apiextensions.k8s.io/v1beta1").hasValue()',
    'format.qualifiedName().validate("contains a space").hasValue()',
    '!format.labelValue().validate("my-cool-label-Value").hasValue()',
    'format.labelValue().validate("my-cool-label-Value!!").hasValue()',
    '!format.uri().validate("http://example.com").hasValue() && format.uri().validate("no").hasValue()',
    '!format.uuid().validate("123e4567-e89b-12d3-a456-426614174000").hasValue()',
    'format.uuid().validate("x").value() == ["does not match the UUID format"]',
    '!format.byte().validate("aGVsbG8=").hasValue() && format.byte().validate("aGVsbG8").hasValue()',
    '!format.date().validate("2020-01-01").hasValue() && format.date().validate("2020-01-32").hasValue()',
    '!format.datetime().validate("2020-01-01T00:00:00Z").hasValue()',
    'format.datetime().validate("2020-01-32T00:00:00Z").hasValue()',
    'format.named("dns1123Label").hasValue() && !format.named("unknown").hasValue()',
    'format.named("uuid").value() == format.uuid() && format.uuid() != format.date()',
  ],
  regex: [
    "text.find('[0-9]+') == '123' && text.find('xyz') == ''",
    "text.findAll('[0-9]+') == ['123', '456'] && text.findAll('xyz') == []",
    "text.findAll('[0-9]+', 0) == [] && text.findAll('[0-9]+', 1) == ['123']",
    "text.findAll('[0-9]+', 3) == ['123', '456'] && text.findAll('[0-9]+', -1) == ['123', '456']",
    "'aaa'.find('a+?') == 'a' && 'aaa'.find('a+') == 'aaa' && 'abcd'.find('b|bc') == 'b'",
    "'abcd'.find('bc|b') == 'bc' && 'xay'.find('(?i)A') == 'a'",
    "'foo bar'.findAll('\\\\b\\\\w') == ['f', 'b'] && 'a\\nb'.findAll('(?m)^.$') == ['a', 'b']",
    "'baaac'.findAll('a*') == ['', 'aaa', '', ''] || 'baaac'.findAll('a*') == ['', 'aaa', '']",
    "'😀x😀'.findAll('😀') == ['😀', '😀'] && '^x$'.find('\\\\^x') == '^x'",
    "'abc'.find('^b') == '' && 'abc'.find('c$') == 'c' && 'abab'.find('(ab)+') == 'abab'",
  ],
  urls: [
    "url('/path').getScheme() == '' && url('https://example.com/').getScheme() == 'https'",
    "url('https://example.com:80/').getHost() == 'example.com:80'",
    "url('https://[::1]:80/').getHost() == '[::1]:80' && url('https://[::1]/').getHost() == '[::1]'",
    "url('/path').getHost() == '' && url('/path').getHostname() == '' && url('/path').getPort() == ''",
    "url('https://example.com:80/').getHostname() == 'example.com'",
    "url('https://127.0.0.1/').getHostname() == '127.0.0.1' && url('https://[::1]/').getHostname() == '::1'",
    "url('https://example.com:80/').getPort() == '80' && url('https://example.com/').getPort() == ''",
    "url('https://example.com/path').getEscapedPath() == '/path'",
    "url('https://example.com/with space/').getEscapedPath() == '/with%20space/'",
    "url('https://example.com/a%20b#x').getEscapedPath() == '/a%20b'",
    "url('https://example.com').getEscapedPath() == ''",
    "url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
    "url('https://example.com/path?key with spaces=value with spaces').getQuery() == {'key with spaces': ['value with spaces']}",
    "url('https://example.com/path?').getQuery() == {} && url('https://example.com/path').getQuery() == {}",
    "isURL('https://user:pass@example.com:80/path?query=val#fragment') && isURL('/path')",
    "!isURL('https://a:b:c/') && !isURL('../relative-path') && !isURL('')",
    "url('https://a.example/') == url('https://a.example/')",
  ],
  quantity: [
    'isQuantity("20") && isQuantity("20M") && isQuantity("20Mi") && !isQuantity("20Mo") && !isQuantity("10Mm")',
    'quantity("200M") == quantity("0.2G") && quantity("2000k") == quantity("0.002G")',
    'quantity("50M").isLessThan(quantity("50Mi")) && quantity("50Mi").isGreaterThan(quantity("50M"))',
    'quantity("200M").compareTo(quantity("0.2G")) == 0 && quantity("50M").compareTo(quantity("50Mi")) == -1',
    'quantity("50k").add(quantity("20")) == quantity("50.02k")',
    '!quantity("50k").add(20).isLessThan(quantity("50020"))',
    'quantity("50k").sub(quantity("20")) == quantity("49.98k") && quantity("50k").sub(20) == quantity("49980")',
    'quantity("50k").add(20).sub(quantity("100k")).asInteger() == -49980',
    'quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() == 20',
    'quantity("50").isInteger() && !quantity("1.5").isInteger()',
    '!quantity("9999999999999999999999999999999999999G").isInteger()',
    'quantity("50.703k").asApproximateFloat() == 50703.0',
    'quantity("-1").sign() == -1 && quantity("0").sign() == 0 && quantity("1m").sign() == 1',
  ],
  semver: [
    'isSemver("1.2.3-beta.1+build.1") && !isSemver("v1.0") && !isSemver("01.1.0") && !isSemver("1.2")',
    'isSemver("v1.0", true) && isSemver("01.01.0", true) && !isSemver("v", true)',
    'semver("1.2.3").major() == 1 && semver("1.2.3").minor() == 2 && semver("1.2.3").patch() == 3',
    'semver("1.2.3").compareTo(semver("1.2.3")) == 0 && semver("1.0.0").isLessThan(semver("1.2.3"))',
    'semver("1.0.0").isGreaterThan(semver("1.0.0-rc.1")) && semver("1.0.0-rc.1").isLessThan(semver("1.0.0-rc.2"))',
    'semver("1.0.0-1").isLessThan(semver("1.0.0-a")) && semver("1.0.0-a").isLessThan(semver("1.0.0-a.1"))',
    'semver("1.2.3") == semver("v1.2.3", true) && semver("1.2.3+a") == semver("1.2.3+b")',
  ],
  lists: [
    '[1, 2, 3].isSorted() && !nums.isSorted() && [].isSorted() && ["a", "b"].isSorted()',
    'nums.sum() == 6 && [1.5, 2.5].sum() == 4.0 && nums.min() == 1 && nums.max() == 3',
    "['b', 'a'].min() == 'a' && [true, false].max() && [timestamp('2020-01-01T00:00:00Z')].isSorted()",
    'nums.indexOf(1) == 1 && nums.indexOf(9) == -1 && [1, 2, 1].lastIndexOf(1) == 2',
    "dyn(nums).sum() == 6 && dyn(nums).max() == 3 && !dyn(nums).isSorted() && dyn(['a']).indexOf('a') == 0",
    'entries.map(e, e.v).sum() == 3 && [[1], [2]].indexOf([2]) == 1',
  ],
  sets: [
    'sets.contains([1, 2, 3], [2, 3]) && sets.contains([], []) && !sets.contains([1], [2])',
    'sets.equivalent([1, 2, 2], [2, 1]) && !sets.equivalent([1], [1, 2])',
    "sets.intersects(['a'], ['a', 'b']) && !sets.intersects(['a'], ['b'])",
    "sets.contains([[1], [2, 3]], [[2, 3]]) && sets.intersects(dyn(['a']), ['a'])",
  ],
  strings: [
    "'tacocat'.charAt(3) == 'o' && 'tacocat'.charAt(7) == '' && '😀x'.charAt(1) == 'x'",
    "'hello hello'.replace('he', 'we') == 'wello wello' && 'hello hello'.replace('he', 'we', 1) == 'wello hello'",
    "'hello hello'.replace('he', 'we', 0) == 'hello hello' && 'hello'.replace('l', '', -1) == 'heo'",
    `"%s is %d and %.2f%%".format(["a", 3, 0.5]) == "a is 3 and 0.50%"`,
    `"%s %s %s".format([true, null, [1, "b"]]) == "true null [1, b]"`,
    `"%x %X %o %b".format([26, 26, 8, 5]) == "1a 1A 10 101" && "%x".format(["hi"]) == "6869"`,
    `"%e".format([1234.5]) == "1.234500e+03" && "%s".format([{"b": 1, "a": 2}]) == "{a: 2, b: 1}"`,
    `strings.quote('a "b"\\n') == '"a \\\\"b\\\\"\\\\n"'`,
    "'  x '.trim() == 'x' && 'ABC'.lowerAscii() == 'abc' && ['a', 'b'].join('-') == 'a-b' && 'a-b'.split('-') == ['a', 'b']",
  ],
  'two-variable comprehensions': [
    '[1, 2, 3].all(i, v, v == i + 1) && !nums.all(i, v, v == i)',
    'pairs.all(k, v, k in pairs && v > 0) && pairs.exists(k, v, k == "b" && v == 2)',
    'nums.exists(i, v, i == 1 && v == 1) && nums.existsOne(i, v, v > 2) && !nums.exists_one(i, v, v > 1)',
    'nums.transformList(i, v, v * 2) == [4, 2, 6] && nums.transformList(i, v, i > 0, v) == [1, 3]',
    'pairs.transformMap(k, v, v + 1) == {"a": 2, "b": 3} && pairs.transformMap(k, v, v > 1, v + 1).size() == 1',
    'pairs.transformMapEntry(k, v, {k + "2": v + 1}).size() == 2',
    'pairs.transformMapEntry(k, v, v > 1, {v: k}) == {2: "b"}',
    'dyn(nums).all(i, v, v > 0) && entries.transformList(i, e, e.k) == ["a", "b"]',
    'nums.all(i, v, nums.exists(j, w, i == j && v == w))',
    '[false, true].exists(i, v, i == 1 ? v : 1/0 > 0)',
  ],
};

for (const [library, expressions] of Object.entries(TRUE))
  for (const expression of expressions)
    test(`${library}: ${expression}`, (t) => t.is(evaluate(expression), true));

const ERRORS: readonly [string, RegExp][] = [
  ['ip("192.168.0.1.0")', /^fails: IP Address "192\.168\.0\.1\.0" parse error during conversion from string/],
  ['ip.isCanonical("2001:db8:::68")', /^fails: IP Address/],
  ['isIP(cidr("192.168.0.0/24"))', /^does not compile: found no matching overload for 'isIP/],
  ['cidr("192.168.0.0/")', /^fails: network address parse error during conversion from string/],
  ['quantity("10Mo")', /^fails: quantities must match the regular expression/],
  [
    'quantity("9999999999999999999999999999999999999G").asInteger()',
    /^fails: cannot convert value to integer/,
  ],
  ['semver("1.0")', /^fails: "1\.0" is no semantic version/],
  ["url('a b')", /^fails: URL parse error during conversion from string/],
  ["'a'.find(')')", /^fails: .*missing|^fails: .*unexpected/],
  ["['a'].sum()", /^fails: no such overload/],
  ['[].min()', /^fails: min\/max called on empty list/],
  ['"%d".format(["a"])', /^fails: error during formatting: decimal clause/],
  ['"%d".format([])', /^fails: index 0 out of range/],
  ['nums.all(i, v, v)', /^does not compile: predicate must return bool/],
  ['nums.all(1, v, true)', /argument is not an identifier/],
  ['pairs.transformMapEntry(k, v, {"x": v})', /^fails: insert failed: key x already exists/],
  // Nothing of what the server is made of can be reached.
  ['ip("::1").bits', /^does not compile: No such key: bits/],
  ['quantity("1").nanos', /^does not compile: No such key: nanos/],
  ['url("/").constructor', /^does not compile: No such key: constructor/],
];

for (const [expression, error] of ERRORS)
  test(`error: ${expression}`, (t) => {
    let outcome: unknown;
    try {
      outcome = evaluate(expression);
    } catch (failure) {
      outcome = `does not parse: ${summaryOf(failure)}`;
    }
    t.regex(String(outcome), error);
  });

test('what is dear costs: a search, sets, comprehensions within each other', (t) => {
  for (const expression of [
    'sets.contains(many, many)',
    'many.all(i, v, many.all(j, w, i + v + j + w >= 0))',
    "many.all(v, long.find('(x+x+)+y') == '')",
  ])
    t.regex(String(evaluate(expression)), /actual cost limit exceeded/);
});
