// Measures what a room that grows costs those who are in it, and prints a table.
// `node crowd.mjs [PART...] [--runs N] [--small]`, with ONAIR_SERVER, ONAIR_SITE and ONAIR_LIGHT_VIEWERS set as by
// scripts/bench-crowd, which says what the parts are.

import { parseArgs } from 'node:util';

import { parts, small, whole } from './crowd/parts.mjs';
import { cell, choose, median, percentile, withBusyness } from './figures.mjs';

const p95 = (/** @type {number[]} */ values) => percentile(values, 95);
const worst = (/** @type {number[]} */ values) => Math.max(...values);

/**
 * @typedef {object} Row
 * @property {string} figure as the parts name it
 * @property {string} title
 * @property {(values: number[]) => number} of
 * @property {number} [most]
 * @property {string} [share] at most `most` times the median of that figure
 */

/** @type {Row[]} */
const rows = [
  { figure: 'calm', title: 'longest time between two frames of a viewer in 2 s without a move, p95, ms', of: p95 },
  { figure: 'gap', title: '… during a move to the forwarder, p95, ms', of: p95, most: 70 },
  { figure: 'gap', title: '… worst, ms', of: worst, most: 150 },
  { figure: 'gap_back', title: '… during a move back, p95, ms', of: p95, most: 70 },
  { figure: 'gap_back', title: '… worst, ms', of: worst, most: 150 },
  { figure: 'black', title: 'black frames of a viewer, most', of: worst, most: 0 },
  { figure: 'lost_watching', title: 'viewers that a move loses, of those 8, most', of: worst, most: 0 },
  { figure: 'lost', title: 'viewers that a move loses, of 30, most', of: worst, most: 0 },
  { figure: 'cores', title: 'processor of the talker’s browser with 500 viewers, cores', of: median },
  { figure: 'talker_cpu', title: '… beside that with 10', of: median, most: 1.1 },
  { figure: 'talker_bits', title: 'uplink of the talker with 500 viewers beside that with 10', of: median, most: 1.1 },
  { figure: 'chat', title: 'a line of the chat to 1,000 viewers, p99, ms', of: median, most: 100 },
  { figure: 'chat_missing', title: '… lines that did not come', of: worst, most: 0 },
  { figure: 'direct', title: 'first frame of a new viewer, direct, ms', of: median },
  { figure: 'forwarded', title: '… forwarded, ms', of: median, most: 1.1, share: 'direct' },
  { figure: 'requests', title: '… requests until then', of: worst, most: 8 },
  { figure: 'bytes', title: '… kB until then', of: worst, most: 120 },
];

/** @type {Map<string, number[]>} */
const measured = new Map();
const valuesOf = (/** @type {string} */ name) => measured.get(name) ?? [];

/**
 * @param {string[]} chosen
 * @param {number} runs
 * @param {import('./crowd/parts.mjs').Plan} plan
 */
async function measure(chosen, runs, plan) {
  for (const part of chosen) {
    for (let run = 1; run <= runs; ++run) {
      const figures = await parts[part](plan);
      for (const [name, values] of Object.entries(figures)) measured.set(name, [...valuesOf(name), ...values]);
      console.error(`${part}, run ${run}: ${JSON.stringify(figures)}`);
    }
  }
}

/** Prints the table. True if everything is as it must be. */
function print() {
  let good = true;
  console.log('| what | measured | must |\n| --- | --- | --- |');
  for (const { figure, title, of, most = Infinity, share } of rows) {
    const values = valuesOf(figure);
    if (values.length === 0) continue;
    const isGood = of(values) <= most * (share ? median(valuesOf(share)) : 1);
    good &&= isGood;
    const must = most === Infinity ? '' : `≤ ${most}${share ? ` times ${share}` : ''}`;
    console.log(`| ${title} | ${cell(values, of)} | ${must}${isGood ? '' : ' MISSED'} |`);
  }
  return good;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, small: { type: 'boolean', default: false } },
});
const chosen = choose(positionals, Object.keys(parts));
const machine = await withBusyness(() => measure(chosen, Number(values.runs), values.small ? small : whole));
console.log(`${values.runs} runs; lowest to highest in brackets. ${machine}`);
if (values.small) console.log('Small crowds, to try the benchmark: the figures mean nothing.');
const good = print();
process.exit(good || values.small ? 0 : 1);
