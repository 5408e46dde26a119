// Measures the time from opening watch.html to the first rendered frame while the talker is on air: onair, the
// original JavaScript program (seed/, with Node and socket.io) and the earlier onair in the folder ONAIR_BESIDE, if
// there is one, alternate in one run.
//
//   scripts/bench-first-frame [--beside COMMIT] [ROUNDS]

import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

import { viewport, watchAsNewcomer } from '../e2e/newcomer.mjs';
import { Chromium, Server, until } from '../e2e/support.mjs';
import { median } from './figures.mjs';

/** @typedef {import('../e2e/newcomer.mjs').Newcomer} Newcomer */

const room = 'bench';
const rounds = Number(process.argv[2] ?? 10);

async function startOriginal() {
  const process = spawn('node', [fileURLToPath(new URL('seed/server.mjs', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await new Promise((resolve) => {
    process.stdout.once('data', (data) => resolve(String(data).trim()));
  });
  return { origin, stop: () => process.kill() };
}

const load = loadavg()[0].toFixed(2);
const chromium = await Chromium.start();
/** @type {{ name: string, origin: string, stop: () => unknown, results: Newcomer[] }[]} */
const contestants = [];
/** @type {(name: string, started: { origin: string, stop: () => unknown }) => void} */
const enter = (name, started) =>
  void contestants.push({ name, origin: started.origin, stop: () => started.stop(), results: [] });
enter('onair', await Server.start());
enter('original', await startOriginal());
const beside = process.env.ONAIR_BESIDE;
if (beside) {
  process.env.ONAIR_SERVER = `${beside}/build/release/server/onair-server`;
  process.env.ONAIR_SITE = `${beside}/build/wasm/site`;
  enter('earlier', await Server.start());
}
for (const { origin } of contestants) {
  const talker = await chromium.open(`${origin}/talk.html?${room}`, undefined, { viewport });
  await talker.press('start-video');
  await until('on air', () => talker.shown('badge'));
}
for (const { origin } of contestants) await watchAsNewcomer(chromium, origin, room); // warm-up
for (let round = 0; round < rounds; ++round) {
  // Each begins a round in turn: who comes after another pays for the end of its page.
  const first = round % contestants.length;
  for (const { origin, results } of [...contestants.slice(first), ...contestants.slice(0, first)]) {
    results.push(await watchAsNewcomer(chromium, origin, room));
  }
}
/** @param {Newcomer[]} results */
const medianTime = (results) => median(results.map(({ ms }) => ms));
for (const { name, results } of contestants) {
  const times = results.map(({ ms }) => ms);
  console.log(
    `${name.padEnd(8)} median ${median(times).toFixed(0)} ms` +
      ` (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}),` +
      ` ${results[0].requests.length} requests, ${(results[0].bytes / 1000).toFixed(1)} kB`,
  );
}
const [ours, ...others] = contestants;
for (const { name, results } of others) {
  console.log(`onair / ${name}: ${(medianTime(ours.results) / medianTime(results)).toFixed(2)}`);
}
console.log(`${rounds} rounds each, alternating; load before: ${load}`);
await chromium.stop();
for (const contestant of contestants) await contestant.stop();
