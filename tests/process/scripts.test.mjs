// The scripts, apart from what they build.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A pipe holds 64 KiB: a program that writes more after its reader has ended is killed by SIGPIPE. */
const MORE_THAN_A_PIPE = 200_000;

const asRoot = { id: '0' };
const asUser = { id: '#!/bin/sh\n[ "$1" = -un ] && echo someone || echo 12345\n' };

/**
 * A folder of the test's own, with scripts/common.sh in it.
 * @param {import('node:test').TestContext} t
 */
function makeClone(t) {
  const folder = mkdtempSync(join(tmpdir(), 'onair-scripts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(join(root, 'scripts/common.sh'), join(folder, 'scripts/common.sh'));
  return folder;
}

/**
 * What calls a function of scripts/common.sh where some programs are others: each notes its arguments in the file `calls`,
 * and prints what is given here, or runs it, if it begins with #!.
 * @param {string} clone
 * @param {string} command
 * @param {Record<string, string>} programs
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {[string, string[], import('node:child_process').SpawnOptions]}
 */
function caller(clone, command, programs, environment = {}) {
  const folder = join(clone, 'bin');
  mkdirSync(folder);
  for (const [name, does] of Object.entries(programs)) {
    const text = join(folder, `${name}.txt`);
    writeFileSync(text, does);
    chmodSync(text, 0o755);
    const run = does.startsWith('#!') ? `exec '${text}' "$@"` : `cat '${text}'`;
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@" >>'${clone}/calls'\n${run}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const env = { ...process.env, ...environment, PATH: `${folder}:${process.env.PATH}` };
  return ['bash', ['-c', `source scripts/common.sh; ${command}`], { cwd: clone, env }];
}

/**
 * Calls it, and gives what it says.
 * @type {(t: import('node:test').TestContext, command: string, programs: Record<string, string>,
 *   environment?: NodeJS.ProcessEnv, clone?: string) => { status: number | null, calls: string[], said: string }}
 */
function call(t, command, programs, environment, clone = makeClone(t)) {
  const [bash, words, options] = caller(clone, command, programs, environment);
  const { status, stdout, stderr } = spawnSync(bash, words, options);
  const calls = existsSync(join(clone, 'calls')) ? readFileSync(join(clone, 'calls'), 'utf8').trim().split('\n') : [];
  return { status, calls, said: `${stdout}${stderr}` };
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
  const { status, calls } = call(t, command, { ...asRoot, dpkg: files, systemctl: 'degraded' });
  assert.equal(status, 0);
  const services = calls.filter((line) => !/^id /.test(line));
  assert.deepEqual(services, [
    'systemctl is-system-running',
    'dpkg -L nginx-light coturn',
    'systemctl disable --now --quiet nginx.service',
  ]);

  const container = call(t, command, { ...asRoot, dpkg: files, systemctl: 'offline' });
  assert.equal(container.status, 0);
  assert.deepEqual(container.calls.filter((line) => !/^id /.test(line)), ['systemctl is-system-running']);
});

test('what apt says is read in English, whatever language the person has', (t) => {
  const policy = '#!/bin/sh\n[ -z "$LANGUAGE" ] && echo "x:\n  Candidate: 1" || echo "x:\n  候補: 1"\n';
  assert.equal(call(t, 'has_candidate x', { 'apt-cache': policy }, { LANGUAGE: 'ja' }).status, 0);
});

test('a package that is installed for two architectures is installed', (t) => {
  assert.equal(call(t, 'is_installed x', { 'dpkg-query': 'installed,installed,' }).status, 0);
  assert.equal(call(t, 'is_installed x', { 'dpkg-query': 'not-installed,' }).status, 1);
  assert.equal(call(t, 'is_installed x', { 'dpkg-query': '' }).status, 1);
});

test('the lists of packages are fetched once another apt is ready, and no other fault is waited for', (t) => {
  const locked = `#!/bin/sh
[ -e seen ] || { touch seen; echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2; exit 100; }\n`;
  const waited = call(t, 'update_lists', { ...asRoot, 'apt-get': locked, sleep: '' });
  assert.equal(waited.status, 0, waited.said);
  assert.deepEqual(waited.calls.filter((line) => /^(apt-get|sleep)/.test(line)), [
    'apt-get update -qq',
    'sleep 5',
    'apt-get update -qq',
  ]);
  const broken = call(t, 'update_lists', { ...asRoot, 'apt-get': '#!/bin/sh\necho "E: no such source" >&2; exit 100\n', sleep: '' });
  assert.equal(broken.status, 1);
  assert.match(broken.said, /apt-get update failed.*no such source/);
  assert.ok(!broken.calls.some((line) => line.startsWith('sleep')));
});

test('an installation removes nothing, and stops the services of the packages that it brought', (t) => {
  const apt = `#!/bin/sh
case "$*" in *--simulate*) echo "Inst nginx-light (1.22 Debian)"; echo "Inst openssl [3.0] (3.1 Debian)" ;; esac\n`;
  const programs = { ...asRoot, 'apt-get': apt, 'dpkg-query': '', systemctl: 'running', dpkg: '/lib/systemd/system/nginx.service\n' };
  const { status, calls, said } = call(t, 'install nginx-light', programs);
  assert.equal(status, 0, said);
  const installs = calls.filter((line) => / install /.test(line));
  assert.equal(installs.length, 2);
  for (const line of installs) assert.match(line, / --no-remove nginx-light$/);
  assert.ok(calls.includes('dpkg -L nginx-light'), calls.join('\n')); // and not of one that was there before
});

test('sudo that asks for no password is enough, and one that refuses is named', (t) => {
  const cloud = '#!/bin/sh\ncase "$*" in "-n true" | echo*) exit 0 ;; esac\nexit 1\n';
  assert.equal(call(t, 'keep_root; end_sudo; as_root echo', { ...asUser, sudo: cloud }).status, 0);
  const refused = call(t, 'as_root echo', { ...asUser, sudo: '#!/bin/sh\nexit 1\n' });
  assert.equal(refused.status, 1);
  assert.match(refused.said, /takes root\. Run it as root, or as a user with sudo: echo/);
});

test('files that an earlier run as root has left are named, and how to get them back', (t) => {
  const clone = makeClone(t);
  mkdirSync(join(clone, 'build/asan/tests'), { recursive: true });
  const { status, said } = call(t, 'echo begun', asUser, {}, clone);
  assert.equal(status, 1);
  assert.match(said, /belongs to another user\. Run as root: chown -R someone \S*\/build$/m);
  assert.doesNotMatch(said, /begun/);
});

test('a node that is too old is named', (t) => {
  const { status, said } = call(t, 'install nodejs', { node: '16.20.2' });
  assert.equal(status, 1);
  assert.match(said, /is Node 16\.20\.2, and onair needs 18 or newer/);
});

test('a folder that was copied with its build says so, and does not build the original', (t) => {
  const clone = makeClone(t);
  mkdirSync(join(clone, 'build/release'), { recursive: true });
  writeFileSync(join(clone, 'build/release/build.ninja'), '');
  writeFileSync(join(clone, 'build/release/CMakeCache.txt'), 'CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\n');
  const { status, said, calls } = call(t, 'build release', { cmake: '' }, {}, clone);
  assert.equal(status, 1);
  assert.match(said, /build\/release was made for \/elsewhere.*rm -r build/);
  assert.deepEqual(calls, []);
});

test('npm fetches what is for development, whatever NODE_ENV says', (t) => {
  const clone = makeClone(t);
  mkdirSync(join(clone, 'tests'));
  writeFileSync(join(clone, 'tests/package-lock.json'), '{}');
  const { calls } = call(t, 'npm_packages', { npm: '' }, { NODE_ENV: 'production' }, clone);
  assert.match(String(calls), /^npm --prefix tests ci --include=dev/);
});

test('--help says what a script does, and begins nothing', (t) => {
  for (const name of ['scripts/test', 'scripts/demo-crowd', 'scripts/bench-crowd', 'scripts/format', 'scripts/run', 'scripts/cluster']) {
    const clone = makeClone(t);
    copyFileSync(join(root, name), join(clone, name));
    const [, , options] = caller(clone, '', { cmake: '', 'apt-get': '', node: '' });
    const { status, stdout } = spawnSync(join(clone, name), ['--help'], { ...options, encoding: 'utf8' });
    assert.equal(status, 0, name);
    assert.match(stdout, /^[A-Z].{40}/, name);
    assert.doesNotMatch(stdout, /#|^source/m, name);
    assert.ok(!existsSync(join(clone, 'calls')), name);
  }
});

test('paths are those of the folder where the script was called', (t) => {
  assert.equal(call(t, 'caller=/a; from_caller b c; from_caller /d', {}).said, '/a/b\n/d\n');
});

/** @param {import('node:child_process').ChildProcess} child */
async function ends(child) {
  const [status] = await once(child, 'exit');
  return status;
}

test('Ctrl-C ends a script, also while a program runs that catches it', async (t) => {
  const patient = '#!/bin/sh\ntrap "exit 1" INT\necho begun\nwhile :; do sleep 0.01; done\n';
  const clone = makeClone(t);
  const [bash, words, options] = caller(clone, 'patient || echo failed; echo next stage', { patient });
  const child = spawn(bash, words, { ...options, detached: true }); // a process group, as in a terminal
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  const ended = ends(child);
  child.stdout?.on('data', (data) => {
    if (!said) process.kill(-Number(child.pid), 'SIGINT');
    said += data;
  });
  assert.equal(await ended, 130);
  assert.equal(said, 'begun\n');
});

/** Reads until the output has this. @type {(child: import('node:child_process').ChildProcess, pattern: RegExp) => Promise<void>} */
async function says(child, pattern) {
  let said = '';
  for await (const data of /** @type {import('node:stream').Readable} */ (child.stdout)) {
    said += data;
    if (pattern.test(said)) return;
  }
  assert.match(said, pattern);
}

test('two scripts of one clone do not build the same at once', async (t) => {
  const clone = makeClone(t);
  const [bash, words, options] = caller(clone, 'lock x; echo held; read -r; echo freed >>order; unlock; read -r', {});
  const first = spawn(bash, words, options);
  t.after(() => first.kill('SIGKILL'));
  await says(first, /held/);
  const second = spawn('bash', ['-c', 'source scripts/common.sh; lock x; echo entered >>order'], options);
  t.after(() => second.kill('SIGKILL'));
  const ended = Promise.all([ends(first), ends(second)]);
  await says(second, /Waiting for another script, which uses build\/x/);
  first.stdin?.end('\n\n');
  await ended;
  assert.equal(readFileSync(join(clone, 'order'), 'utf8'), 'freed\nentered\n');
});

const shells = ['scripts', '.ci', 'tests/e2e']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile()))
  .map(({ parentPath, path, name }) => relative(root, join(parentPath ?? path, name)))
  .filter((name) => /^#!.*bash|^# shellcheck/.test(readFileSync(join(root, name), 'utf8')));

test('every script works by a link to it too, and ends where it is alone', () => {
  assert.ok(shells.includes('scripts/run') && shells.length > 20, shells.join(' '));
  const sourced = shells.filter((name) => name.startsWith('scripts/') && name !== 'scripts/common.sh');
  for (const name of sourced) {
    assert.match(readFileSync(join(root, name), 'utf8'), /^source "\$\(dirname "\$\(readlink -f "\$0"\)"\)\/common\.sh" \|\| exit$/m, name);
  }
});

test('no script pipes into a reader that ends before its input, which under pipefail fails at random', () => {
  assert.ok(shells.includes('scripts/common.sh') && shells.includes('scripts/run'), shells.join(' '));
  const ends_early = /\|\s*(?:grep\s+-\w*q|head\b|sed\b[^|]*[;}]q\b)/;
  for (const name of shells) {
    const lines = readFileSync(join(root, name), 'utf8').split('\n').filter((line) => !/^\s*#/.test(line));
    assert.deepEqual(lines.filter((line) => ends_early.test(line)), [], name);
  }
});
