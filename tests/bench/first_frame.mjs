// Measures the time from opening watch.html to the first rendered frame while the talker is on air: onair and the
// original JavaScript program (seed/, with Node and socket.io) alternate in one run.
//
//   scripts/bench-first-frame [ROUNDS]

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
const contestants = { onair: await Server.start(), original: await startOriginal() };
const names = /** @type {const} */ (['onair', 'original']);
/** @type {Record<typeof names[number], Newcomer[]>} */
const results = { onair: [], original: [] };
for (const { origin } of Object.values(contestants)) {
  const talker = await chromium.open(`${origin}/talk.html?${room}`, undefined, { viewport });
  await talker.press('start-video');
  await until('on air', () => talker.shown('badge'));
}
for (const { origin } of Object.values(contestants)) await watchAsNewcomer(chromium, origin, room); // warm-up
for (let round = 0; round < rounds; ++round) {
  for (const name of names) results[name].push(await watchAsNewcomer(chromium, contestants[name].origin, room));
}
for (const name of names) {
  const runs = results[name];
  const times = runs.map(({ ms }) => ms);
  console.log(
    `${name.padEnd(8)} median ${median(times).toFixed(0)} ms` +
      ` (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}),` +
      ` ${runs[0].requests.length} requests, ${(runs[0].bytes / 1000).toFixed(1)} kB`,
  );
}
const ratio = median(results.onair.map(({ ms }) => ms)) / median(results.original.map(({ ms }) => ms));
console.log(`onair / original: ${ratio.toFixed(2)}, ${rounds} rounds each, alternating; load before: ${load}`);
await chromium.stop();
for (const contestant of Object.values(contestants)) await contestant.stop();
