// What scripts/ does by itself, apart from what it builds.

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
 * Asks the scripts whether apt could install a package of which it says this.
 * @param {import('node:test').TestContext} t @param {string} policy
 */
function has_candidate(t, policy) {
  const folder = mkdtempSync(join(tmpdir(), 'onair-scripts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'policy'), policy);
  writeFileSync(join(folder, 'apt-cache'), `#!/bin/sh\ncat '${folder}/policy'\n`);
  chmodSync(join(folder, 'apt-cache'), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  return spawnSync('bash', ['-c', 'source scripts/common.sh; has_candidate x'], { cwd: root, env }).status === 0;
}

test('a package that apt knows much about has a candidate', (t) => {
  const table = '     1.81.0 500\n'.repeat(MORE_THAN_A_PIPE / 16);
  assert.equal(has_candidate(t, `x:\n  Installed: (none)\n  Candidate: 1.81.0-5\n  Version table:\n${table}`), true);
});

test('a package without a version has no candidate, and a name that apt does not know has none', (t) => {
  assert.equal(has_candidate(t, 'x:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n'), false);
  assert.equal(has_candidate(t, ''), false);
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
