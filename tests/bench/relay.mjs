// Measures the relay's processor time and memory beside Node servers that do the same, or beside the server in the
// folder ONAIR_BESIDE, all in one run, and prints a table of medians. `node relay.mjs [RUNS] [SCENARIO...]`, with
// ONAIR_SERVER, ONAIR_LOAD and ONAIR_SITE set as by scripts/bench-relay.

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

/** @typedef {{ name: string, dialect: string, command: string[] }} Contestant */

/** @type {(name: string, program: string) => Contestant} */
const relay = (name, program) => ({
  name,
  dialect: 'onair',
  command: [
    program, '--web', setting('ONAIR_SITE'), '--port', '0', '--threads', '1',
    '--address', '127.0.0.1', '--log-level', 'warn', ...wide_bounds,
    '--state-dir', mkdtempSync(join(tmpdir(), 'onair-bench-')),
  ],
});

const beside = process.env.ONAIR_BESIDE;
/** How many times as much as the earlier server's may be the cost of ours. */
const most_of_earlier = 1.03;
process.env.ONAIR_FORWARDER = 'off'; // which an earlier server does not have

/** @type {Contestant[]} */
const others = beside ? [relay('earlier', `${beside}/build/release/server/onair-server`)] : [
  // The server of the original JavaScript program, which logs a line for each message; the same without its
  // log; and a minimal relay with `ws`.
  { name: 'original', dialect: 'socketio', command: [process.execPath, here('seed/server.mjs'), '--log'] },
  { name: 'socket.io', dialect: 'socketio', command: [process.execPath, here('seed/server.mjs')] },
  { name: 'ws', dialect: 'onair', command: [process.execPath, here('ws_server.mjs')] },
];
const servers = [relay('onair', setting('ONAIR_SERVER')), ...others];

/**
 * @typedef {{ cpu_us: number, bytes: number, deliveries: number }} Result what the load generator prints
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} unit
 * @property {number} [least] how many times cheaper than the original server the relay must be
 * @property {number} [most]
 * @property {(result: Result) => number} [measure]
 * @property {boolean} [ours] other kinds of servers can't do it
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
  // Each of the N leaves and comes back. Without roles that costs N² deliveries, so only onair's servers run it.
  { name: 'comeback-1000', unit: 'deliveries', measure: (result) => result.deliveries, most: 3000, ours: true },
  { name: 'comeback-5000', unit: 'deliveries', measure: (result) => result.deliveries, most: 15000, ours: true },
];

/** @type {(server: Contestant, scenario: Scenario) => Promise<number>} */
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
const columns = ['scenario', 'unit', ...servers.map(({ name }) => name), ...others.map(({ name }) => `${name} / onair`), 'must'];
console.log(`| ${columns.join(' | ')} |`);
console.log(`| ${columns.map(() => '---').join(' | ')} |`);
for (const scenario of scenarios) {
  if (chosen.length > 0 && !chosen.includes(scenario.name)) continue;
  /** @type {Map<string, number>} */
  const medians = new Map();
  const cells = [];
  /** @type {{ server: Contestant, measured: number[] }[]} */
  const contestants = servers.map((server) => ({ server, measured: [] }));
  for (let i = 0; i < runs; ++i) {
    for (const { server, measured } of contestants) {
      if (scenario.ours && !server.command.includes('--web')) continue;
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
  /** @param {number} value */
  const show = (value) => (Number.isNaN(value) ? '' : value.toFixed(beside ? 2 : 1));
  const [holds, must] = beside
    ? [ratio_to('earlier') * most_of_earlier >= 1, `≤ ${most_of_earlier} of earlier`]
    : scenario.least
      ? [ratio_to('original') >= scenario.least, `≥ ${scenario.least} of original`]
      : [ours <= (scenario.most ?? 0), `≤ ${scenario.most}`];
  failed ||= !holds;
  console.log(`| ${scenario.name} | ${scenario.unit} | ${cells.join(' | ')} | ${others.map(({ name }) => show(ratio_to(name))).join(' | ')} | ${must}${holds ? '' : ' MISSED'} |`);
}
process.exit(failed ? 1 : 0);
