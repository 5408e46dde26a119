// The scripts, apart from what they build.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A pipe holds 64 KiB: a program that writes more after its reader has ended is killed by SIGPIPE. */
const MORE_THAN_A_PIPE = 200_000;

/**
 * Calls a function of scripts/common.sh where some programs are others: each prints the file of its name, and notes
 * its arguments in `calls`.
 * @param {import('node:test').TestContext} t
 * @param {string} command
 * @param {Record<string, string>} programs
 */
function call(t, command, programs) {
  const folder = mkdtempSync(join(tmpdir(), 'onair-scripts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, prints] of Object.entries(programs)) {
    writeFileSync(join(folder, `${name}.txt`), prints);
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@" >>'${folder}/calls'\ncat '${folder}/${name}.txt'\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { status } = spawnSync('bash', ['-c', `source scripts/common.sh; ${command}`], { cwd: root, env });
  return { status, calls: readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') };
}

/** @type {(t: import('node:test').TestContext, policy: string) => boolean} */
const has_candidate = (t, policy) => call(t, 'has_candidate x', { 'apt-cache': policy }).status === 0;

test('a package that apt knows much about has a candidate', (t) => {
  const table = '     1.81.0 500\n'.repeat(MORE_THAN_A_PIPE / 16);
  assert.equal(has_candidate(t, `x:\n  Installed: (none)\n  Candidate: 1.81.0-5\n  Version table:\n${table}`), true);
});

test('a package without a version has no candidate, and a name that apt does not know has none', (t) => {
  assert.equal(has_candidate(t, 'x:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n'), false);
  assert.equal(has_candidate(t, ''), false);
});

test('what is installed for the tests alone starts no service', (t) => {
  const files = '/usr/sbin/nginx\n/lib/systemd/system/nginx.service\n/usr/lib/systemd/system/coturn@.service\n';
  const command = 'keep_stopped nginx-light coturn';
  const { status, calls } = call(t, command, { dpkg: files, systemctl: 'degraded', sudo: '' });
  assert.equal(status, 0);
  const last = String(calls.at(-1)).replace(/^sudo (-\S+ )*/, '');
  assert.deepEqual(calls.slice(0, -1), ['systemctl is-system-running', 'dpkg -L nginx-light coturn']);
  assert.equal(last, 'systemctl disable --now --quiet nginx.service');

  const container = call(t, command, { dpkg: files, systemctl: 'offline', sudo: '' });
  assert.deepEqual(container, { status: 0, calls: ['systemctl is-system-running'] });
});

test('no script pipes into a reader that ends before its input, which under pipefail fails at random', () => {
  const scripts = execFileSync('git', ['ls-files', 'scripts', '.ci', 'tests/*.sh'], { cwd: root, encoding: 'utf8' });
  const shells = scripts.trim().split('\n').filter((name) => !/\.\w*js$/.test(name));
  assert.ok(shells.includes('scripts/common.sh') && shells.includes('scripts/run'), scripts);
  const ends_early = /\|\s*(?:grep\s+-\w*q|head\b|sed\b[^|]*[;}]q\b)/;
  for (const name of shells) {
    const lines = readFileSync(join(root, name), 'utf8').split('\n').filter((line) => !/^\s*#/.test(line));
    assert.deepEqual(lines.filter((line) => ends_early.test(line)), [], name);
  }
});
