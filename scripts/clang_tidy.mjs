// clang-tidy over our C++, for scripts/lint: node scripts/clang_tidy.mjs TIDY [--since COMMIT]
// Runs where the build folders lint and wasm are configured. A file is looked at again only when it, a header of
// ours that it includes, or the checks are not as they were when it passed.

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';

const passedFolder = 'build/lint';
// The analyzer follows calls into small functions alone: else four fifths of its time go into Boost and GoogleTest.
const analysis = ['-Xclang', '-analyzer-config', '-Xclang', 'mode=shallow'].map((flag) => `--extra-arg=${flag}`);
const includeRoots = ['server', 'client_wasm', 'tests', 'tests/net', 'tests/bench'];

/** @param {string[]} args */
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).split('\n').filter(Boolean);

/** The files of ours that each file includes, itself among them. @type {Map<string, Set<string>>} */
const closures = new Map();

/** @param {string} file */
function closure(file) {
  const known = closures.get(file);
  if (known) return known;
  const all = new Set([file]);
  closures.set(file, all);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
    const path = [dirname(file), ...includeRoots].map((root) => join(root, name)).find(existsSync);
    if (path) for (const further of closure(path)) all.add(further);
  }
  return all;
}

/** @param {string} tidy @param {string} file */
function fingerprint(tidy, file) {
  const hash = createHash('sha256').update(tidy).update(analysis.join());
  hash.update(readFileSync('.clang-tidy'));
  if (file.startsWith('tests/')) hash.update(readFileSync('tests/.clang-tidy'));
  for (const path of [...closure(file)].sort()) hash.update(path).update(readFileSync(path));
  return hash.digest('hex');
}

/** Flags that em++ adds by itself, which clang-tidy needs to be told. */
function emscriptenFlags() {
  const flags = execFileSync('em++', ['--cflags'], { encoding: 'utf8' }).trim().split(' ');
  return [...flags, '-D__EMSCRIPTEN__'].map((flag) => `--extra-arg-before=${flag}`);
}

/** @param {string} tidy @param {string} file @param {string[]} extra */
function check(tidy, file, extra) {
  const args = ['--quiet', '-p', extra.length > 0 ? 'build/wasm' : 'build/lint', ...analysis, ...extra, file];
  return new Promise((resolve) => {
    execFile(tidy, args, { maxBuffer: 1 << 26 }, (error, stdout) => {
      if (error) console.log(stdout.trim());
      resolve(!error);
    });
  });
}

const [tidy, option, commit] = process.argv.slice(2);
const changed = option === '--since' ? new Set(git('diff', '--name-only', commit)) : null;
const emscripten = emscriptenFlags();
/** @type {{ file: string }[]} */
const native = JSON.parse(readFileSync('build/lint/compile_commands.json', 'utf8'));
const isNative = new Set(native.map(({ file }) => relative('.', file)));
mkdirSync(passedFolder, { recursive: true });

const waiting = git('ls-files', 'client_wasm/*.cpp', 'server/*.cpp', 'tests/*.cpp')
  .filter((file) => !changed || [...closure(file)].some((path) => changed.has(path)))
  .map((file) => ({ file, stamp: join(passedFolder, fingerprint(tidy, file)) }))
  .filter(({ stamp }) => !existsSync(stamp));
console.log(`${waiting.length} files to look at`);

let failed = 0;
async function work() {
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (await check(tidy, next.file, isNative.has(next.file) ? [] : emscripten)) writeFileSync(next.stamp, next.file);
    else failed += 1;
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
process.exit(failed > 0 ? 1 : 0);
