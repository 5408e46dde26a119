// Measures the relay's processor time and memory beside Node servers that do the same, all in one run, and
// prints a table of medians. `node relay.mjs [RUNS] [SCENARIO...]`, with ONAIR_SERVER, ONAIR_LOAD and
// ONAIR_SITE set as by scripts/bench-relay.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { setting } from '../setting.mjs';
import { cell, median } from './figures.mjs';

const run = promisify(execFile);
/** @param {string} name */
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
// Raised limits: no real client sends so much, and clients that were cut off are still members when they return.
const wide_bounds = [
  '--max-frames-per-second', '1000000', '--max-bytes-per-second', '1000000000',
  '--max-peers-per-room', '20000',
];

const servers = [
  {
    name: 'onair',
    dialect: 'onair',
    command: [
      setting('ONAIR_SERVER'), '--web', setting('ONAIR_SITE'), '--port', '0', '--threads', '1',
      '--address', '127.0.0.1', '--log-level', 'warn', ...wide_bounds,
      '--state-dir', mkdtempSync(join(tmpdir(), 'onair-bench-')),
    ],
  },
  // The server of the original JavaScript program, which logs a line for each message; the same without its
  // log; and a minimal relay with `ws`.
  { name: 'original', dialect: 'socketio', command: [process.execPath, here('seed/server.mjs'), '--log'] },
  { name: 'socket.io', dialect: 'socketio', command: [process.execPath, here('seed/server.mjs')] },
  { name: 'ws', dialect: 'onair', command: [process.execPath, here('ws_server.mjs')] },
];

/**
 * @typedef {{ cpu_us: number, bytes: number, deliveries: number }} Result what the load generator prints
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} unit
 * @property {number} [least] how many times cheaper than the original server the relay must be
 * @property {number} [most]
 * @property {(result: Result) => number} [measure]
 * @property {string} [only]
 */

/** @type {Scenario[]} */
const scenarios = [
  { name: 'directed', unit: 'µs a delivery', least: 6 },
  { name: 'broadcast-1000', unit: 'µs a delivery', least: 1.6 },
  { name: 'broadcast-5000', unit: 'µs a delivery', least: 2.2 },
  { name: 'back-to-back', unit: 'µs a delivery', least: 25 },
  { name: 'joins', unit: 'µs a join', least: 10 },
  { name: 'rooms', unit: 'µs a delivery', least: 3.5 },
  { name: 'idle', unit: 'bytes a connection', measure: (result) => result.bytes, most: 6144 },
  // Each of the N leaves and comes back. Without roles that costs N² deliveries, so only onair runs it.
  { name: 'comeback-1000', unit: 'deliveries', measure: (result) => result.deliveries, most: 3000, only: 'onair' },
  { name: 'comeback-5000', unit: 'deliveries', measure: (result) => result.deliveries, most: 15000, only: 'onair' },
];

/** @type {(server: typeof servers[number], scenario: Scenario) => Promise<number>} */
async function measure(server, scenario) {
  const child = spawn(server.command[0], server.command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let port = '';
    for await (const line of createInterface({ input: child.stdout })) {
      port = /http:\/\/localhost:(\d+)/.exec(line)?.[1] ?? '';
      if (port) break;
    }
    child.stdout.resume();
    const { stdout } = await run(setting('ONAIR_LOAD'), [
      '--dialect', server.dialect, '--port', port, '--pid', String(child.pid), scenario.name,
    ]);
    /** @type {Result} */
    const result = JSON.parse(stdout);
    return scenario.measure ? scenario.measure(result) : result.cpu_us;
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

const runs = Number(process.argv[2] ?? 5);
const chosen = process.argv.slice(3);
let failed = false;

console.log(`Medians of ${runs} runs, lowest to highest in brackets. Load of the machine before: ${loadavg()[0].toFixed(1)}`);
console.log('| scenario | unit | ' + servers.map(({ name }) => name).join(' | ') + ' | original / onair | socket.io / onair | must |');
console.log('| --- | --- | ' + servers.map(() => '---').join(' | ') + ' | --- | --- | --- |');
for (const scenario of scenarios) {
  if (chosen.length > 0 && !chosen.includes(scenario.name)) continue;
  /** @type {Map<string, number>} */
  const medians = new Map();
  const cells = [];
  /** @type {{ server: typeof servers[number], measured: number[] }[]} */
  const contestants = servers.map((server) => ({ server, measured: [] }));
  for (let i = 0; i < runs; ++i) {
    for (const { server, measured } of contestants) {
      if (scenario.only && scenario.only !== server.name) continue;
      measured.push(await measure(server, scenario));
    }
  }
  for (const { server, measured } of contestants) {
    if (measured.length === 0) {
      cells.push('');
      continue;
    }
    const middle = median(measured);
    medians.set(server.name, middle);
    cells.push(cell(measured));
  }
  const ours = medians.get('onair') ?? NaN;
  /** @param {string} name */
  const ratio_to = (name) => (medians.get(name) ?? NaN) / ours;
  const ratio = ratio_to('original');
  /** @param {number} value */
  const show = (value) => (Number.isNaN(value) ? '' : value.toFixed(1));
  const holds = scenario.least ? ratio >= scenario.least : ours <= (scenario.most ?? 0);
  const must = scenario.least ? `≥ ${scenario.least}` : `≤ ${scenario.most}`;
  failed ||= !holds;
  console.log(`| ${scenario.name} | ${scenario.unit} | ${cells.join(' | ')} | ${show(ratio)} | ${show(ratio_to('socket.io'))} | ${must}${holds ? '' : ' MISSED'} |`);
}
process.exit(failed ? 1 : 0);
