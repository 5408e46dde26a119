// Measures the time from opening watch.html to the first rendered frame while the talker is on air: onair and the
// original JavaScript program (seed/, with Node and socket.io) alternate in one run.
//
//   scripts/bench-first-frame [ROUNDS]

import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

import { Chromium, Server, until } from '../e2e/support.mjs';

// A phone's viewport, so that both pages paint a picture of about the same size. Without a GPU, painting a large
// picture costs more than everything else.
const viewport = { width: 390, height: 844 };
const rounds = Number(process.argv[2] ?? 10);

/** Runs in the page: notes when the first frame of #remote-video is presented. */
function watchFirstFrame() {
  addEventListener('DOMContentLoaded', () => {
    document.getElementById('remote-video').requestVideoFrameCallback(() => {
      window.firstFrame = performance.now();
    });
  });
}

async function startOriginal() {
  const process = spawn('node', [fileURLToPath(new URL('seed/server.mjs', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await new Promise((resolve) => {
    process.stdout.once('data', (data) => resolve(String(data).trim()));
  });
  return { origin, stop: () => process.kill() };
}

/** @typedef {{ ms: number, requests: number, bytes: number }} Measured */

/** @type {(chromium: Chromium, origin: string) => Promise<Measured>} */
async function measure(chromium, origin) {
  const viewer = await chromium.open(`${origin}/watch.html?bench`, watchFirstFrame, { viewport });
  const ms = await until('the first frame', () => viewer.evaluate(() => window.firstFrame));
  const weight = await viewer.evaluate(() => {
    const entries = [
      ...performance.getEntriesByType('navigation'),
      ...performance.getEntriesByType('resource'),
    ];
    return {
      requests: entries.length,
      bytes: entries.reduce((sum, entry) => sum + (entry instanceof PerformanceResourceTiming ? entry.transferSize : 0), 0),
    };
  });
  await viewer.close();
  return { ms, ...weight };
}

/** @param {number[]} numbers */
const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const load = loadavg()[0].toFixed(2);
const chromium = await Chromium.start();
const contestants = { onair: await Server.start(), original: await startOriginal() };
const names = /** @type {const} */ (['onair', 'original']);
/** @type {Record<typeof names[number], Measured[]>} */
const results = { onair: [], original: [] };
for (const { origin } of Object.values(contestants)) {
  const talker = await chromium.open(`${origin}/talk.html?bench`, undefined, { viewport });
  await talker.press('start-video');
  await until('on air', () => talker.shown('badge'));
}
for (const { origin } of Object.values(contestants)) await measure(chromium, origin); // warm-up
for (let round = 0; round < rounds; ++round) {
  for (const name of names) results[name].push(await measure(chromium, contestants[name].origin));
}
for (const name of names) {
  const runs = results[name];
  const times = runs.map(({ ms }) => ms);
  console.log(
    `${name.padEnd(8)} median ${median(times).toFixed(0)} ms` +
      ` (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}),` +
      ` ${runs[0].requests} requests, ${(runs[0].bytes / 1000).toFixed(1)} kB`,
  );
}
const ratio = median(results.onair.map(({ ms }) => ms)) / median(results.original.map(({ ms }) => ms));
console.log(`onair / original: ${ratio.toFixed(2)}, ${rounds} rounds each, alternating; load before: ${load}`);
await chromium.stop();
for (const contestant of Object.values(contestants)) await contestant.stop();
