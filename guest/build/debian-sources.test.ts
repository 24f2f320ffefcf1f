import test from 'ava';
import { selectBookwormSources } from './debian-sources.ts';

test('takes Debian 12 entries from both formats and leaves other vendors out', (t) => {
  const selected = selectBookwormSources([
    {
      name: 'debian.sources',
      text: `Types: deb deb-src
# a comment
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates trixie
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.test/other
Suites: nodistro
Components: main
`,
    },
    {
      name: 'sources.list',
      text: `# deb http://mirror.test/old bookworm main
deb [signed-by=/k.gpg arch=amd64] http://mirror.test/debian-security bookworm-security main # note
deb-src http://mirror.test/debian bookworm main
deb http://mirror.test/vendor bookworm stable
`,
    },
  ]);
  t.is(
    selected,
    `types: deb
uris: http://mirror.test/debian
suites: bookworm bookworm-updates
components: main
signed-by: /usr/share/keyrings/debian-archive-keyring.gpg

types: deb
uris: http://mirror.test/debian-security
suites: bookworm-security
components: main
signed-by: /k.gpg
`,
  );
});

test('an entry that is switched off does not count', (t) => {
  const text =
    'Enabled: no\nTypes: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n';
  t.is(selectBookwormSources([{ name: 'a.sources', text }]), '');
});

test('an inline key keeps its lines', (t) => {
  const key = 'Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc';
  const text = `Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\n${key}\n`;
  t.true(selectBookwormSources([{ name: 'a.sources', text }]).includes('KEY BLOCK-----\n .\n abc\n'));
});
