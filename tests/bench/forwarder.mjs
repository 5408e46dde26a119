// Measures the forwarder beside Janus's VideoRoom, all in one run on one machine, and prints a table of medians.
// `node forwarder.mjs [PART...] [--runs N] [--small]`, with ONAIR_SERVER, ONAIR_SITE and ONAIR_LIGHT_VIEWERS set as by
// scripts/bench-forwarder, which says what the parts are.

import { parseArgs } from 'node:util';

import { cell, choose, median, withBusyness } from './figures.mjs';
import { names } from './forwarder/contestants.mjs';
import { makeClip } from './forwarder/load.mjs';
import { parts, small, whole } from './forwarder/parts.mjs';

/**
 * @typedef {import('./forwarder/contestants.mjs').Name} Name
 * @typedef {object} Row
 * @property {string} figure as the parts name it
 * @property {string} title
 * @property {number} [most]
 * @property {number} [least]
 * @property {number} [share] at most so much of Janus's
 */

/** @type {Row[]} */
const rows = [
  { figure: 'few', title: 'µs of processor a packet and viewer, 200 viewers', most: 3, share: 0.3 },
  { figure: 'many', title: 'the same, 1,500 viewers', most: 2 },
  { figure: 'growth', title: 'cost a viewer of 1,500, as a part of that of 200', most: 1 },
  { figure: 'memory', title: 'KB of memory a viewer, 1,500 viewers (Janus: 200)', most: 64 },
  { figure: 'capacity', title: 'viewers on one core of which each gets 99.5 % of the packets', least: 1_500 },
  { figure: 'pictures', title: '200 join within a second: ms until the last has a picture', most: 2_000 },
  { figure: 'lost', title: '… packets that the 50 before them lose', most: 0 },
  { figure: 'key_frames', title: '… key frames asked of the talker', most: 4 },
  { figure: 'whep', title: 'ms from POST to the first frame, WHEP in Chromium', share: 0.8 },
  { figure: 'whip', title: 'ms from POST to a viewer’s first frame, WHIP from Chromium', most: 1_000 },
  { figure: 'full_size', title: 's from POST until 1280×720 stays, at most 1.5 Mbit/s', most: 5 },
];

/** @type {(row: Row, ours: number, theirs: number | undefined) => boolean} */
const holds = ({ most, least, share }, ours, theirs) =>
  (most === undefined || ours <= most) &&
  (least === undefined || ours >= least) &&
  (share === undefined || theirs === undefined || ours <= share * theirs);

/** @param {Row} row */
const must = ({ most, least, share }) =>
  [
    ...(most === undefined ? [] : [`≤ ${most}`]),
    ...(least === undefined ? [] : [`≥ ${least}`]),
    ...(share === undefined ? [] : [`≤ ${share} of Janus’s`]),
  ].join(', ');

/** @type {Map<string, number[]>} */
const measured = new Map();
/** @type {(name: Name, figure: string) => number[]} */
const of = (name, figure) => {
  const key = `${name} ${figure}`;
  const values = measured.get(key) ?? [];
  measured.set(key, values);
  return values;
};

/**
 * Every part by every contestant in turn, so that all get the machine's moods alike.
 * @param {string[]} chosen
 * @param {number} runs
 * @param {import('./forwarder/parts.mjs').Plan} plan
 */
async function measure(chosen, runs, plan) {
  for (const part of chosen) {
    for (let run = 1; run <= runs; ++run) {
      for (const name of names) {
        const figures = await parts[part](name, plan);
        for (const [key, value] of Object.entries(figures)) of(name, key).push(value);
        if (figures.many) of(name, 'growth').push(figures.many / figures.few);
        console.error(`${part}, run ${run}, ${name}: ${JSON.stringify(figures)}`);
      }
    }
  }
}

/** Prints the table. True if everything is as it must be. */
function print() {
  let good = true;
  console.log('| what | onair | Janus | must |\n| --- | --- | --- | --- |');
  for (const row of rows) {
    const ours = of('onair', row.figure);
    const theirs = of('Janus', row.figure);
    if (ours.length === 0) continue;
    const isGood = holds(row, median(ours), theirs.length === 0 ? undefined : median(theirs));
    good &&= isGood;
    console.log(`| ${row.title} | ${cell(ours)} | ${cell(theirs)} | ${must(row)}${isGood ? '' : ' MISSED'} |`);
  }
  return good;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, small: { type: 'boolean', default: false } },
});
const chosen = choose(positionals, Object.keys(parts));
await makeClip();
const machine = await withBusyness(() => measure(chosen, Number(values.runs), values.small ? small : whole));
console.log(`Medians of ${values.runs} runs, lowest to highest in brackets. ${machine}`);
if (!names.includes('Janus')) console.log('Janus is not installed: its column stays empty.');
if (values.small) console.log('Small crowds, to try the benchmark: the figures mean nothing.');
const good = print();
process.exit(good || values.small ? 0 : 1);
