// What the benchmarks make of their figures, and how busy the machine was.

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * The value that so many percent of all are not above.
 * @param {number[]} values
 * @param {number} percent
 */
export const percentile = (values, percent) =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil((values.length * percent) / 100) - 1)];

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  return values.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number} value */
export const figure = (value) =>
  value === Infinity ? 'never' : value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);

/**
 * One value of them, and the lowest and the highest.
 * @param {number[]} values
 * @param {(values: number[]) => number} of
 */
export const cell = (values, of = median) =>
  values.length === 0 ? '' : `${figure(of(values))} (${figure(Math.min(...values))} to ${figure(Math.max(...values))})`;

/** Seconds of processor since the machine started: in all, without work, and taken away by its host. */
function processorTime() {
  const [, ...times] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).map(Number);
  const [user, nice, system, idle, waiting, hard, soft, stolen] = times.map((ticks) => ticks / 100);
  return { all: user + nice + system + idle + waiting + hard + soft + stolen, idle: idle + waiting, stolen };
}

/** @param {ReturnType<typeof processorTime>} since */
function busyness(since) {
  const now = processorTime();
  const share = (/** @type {number} */ part) => `${((100 * part) / (now.all - since.all)).toFixed(0)} %`;
  return { busy: share(now.all - since.all - (now.idle - since.idle)), stolen: share(now.stolen - since.stolen) };
}

/**
 * Says in one line what the machine is, how busy it was before and during `measure`, and what its host took.
 * @param {() => Promise<void>} measure
 */
export async function withBusyness(measure) {
  const resting = processorTime();
  await pause(3_000);
  const before = busyness(resting);
  const began = processorTime();
  await measure();
  const during = busyness(began);
  return `${cpus().length} × ${cpus()[0].model}: ${before.busy} busy before, ${during.busy} during, of which its host took ${during.stolen}.`;
}

/**
 * The parts that were asked for, or all.
 * @param {string[]} asked
 * @param {string[]} all
 */
export function choose(asked, all) {
  const unknown = asked.filter((part) => !all.includes(part));
  if (unknown.length > 0) throw new Error(`No such part: ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  return asked.length > 0 ? asked : all;
}
