// Starts and ends what is measured.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';

/** @typedef {import('node:child_process').ChildProcess} Child */

const cores = cpus().length;
/** Core that the measured program has for itself; everything else is on the others. */
const measured = '0';
const others = cores > 1 ? `1-${cores - 1}` : '0';

/** @type {Set<Child>} */
const children = new Set();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
// Node does not call that for a signal by itself.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/**
 * Starts a program; its process is the child itself.
 * @param {'measured' | 'others'} where
 * @param {string} program
 * @param {string[]} options
 * @param {import('node:child_process').StdioOptions} stdio
 */
export function start(where, program, options, stdio = ['ignore', 'ignore', 'inherit']) {
  const core = where === 'measured' ? measured : others;
  const child = spawn('taskset', ['-c', core, program, ...options], { stdio });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** @param {Child} child */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(killing);
}

/** @param {Child} child */
export function pid_of(child) {
  if (child.pid === undefined) throw new Error('a program did not start');
  return child.pid;
}
