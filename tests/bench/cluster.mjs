// Measures the cost of a room over 1, 2 and 4 processes that NATS joins, all in one run, and prints a table
// of medians. `node cluster.mjs [RUNS]`, with ONAIR_SERVER, ONAIR_LOAD and ONAIR_SITE set as by
// scripts/bench-cluster.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort } from '../process/nats.mjs';
import { setting } from '../setting.mjs';
import { median } from './figures.mjs';

const run = promisify(execFile);
const runs = Number(process.argv[2] ?? 5);
const sizes = [1, 2, 4];
const scenarios = { room: 'one room of 10,000 viewers', rooms: '1,000 rooms of 10' };
const folder = mkdtempSync(join(tmpdir(), 'onair-bench-'));
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/**
 * Starts a server and reads its ports from its output.
 * @param {string} [bus]
 */
async function startServer(bus) {
  const child = spawn(
    setting('ONAIR_SERVER'),
    [
      ...['--web', setting('ONAIR_SITE'), '--port', '0', '--admin-port', '0', '--address', '127.0.0.1'],
      ...['--threads', '1', '--log-level', 'warn', '--state-dir', folder, '--max-peers-per-room', '20000'],
      ...(bus ? ['--bus', bus] : []),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  let port = '';
  let admin = '';
  for await (const line of createInterface({ input: child.stdout })) {
    port ||= /localhost:(\d+)\/talk/.exec(line)?.[1] ?? '';
    admin = /Metrics: \S+:(\d+)/.exec(line)?.[1] ?? '';
    if (admin) break;
  }
  return { child, port, admin };
}

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/** @type {(server: Server, name: string) => Promise<number>} */
async function metric(server, name) {
  const text = await (await fetch(`http://127.0.0.1:${server.admin}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
}

/** @param {Server[]} servers */
const heardFrames = async (servers) => {
  let sum = 0;
  for (const server of servers) sum += await metric(server, 'onair_bus_frames_received_total');
  return sum;
};

/**
 * @param {number} size
 * @param {string} scenario
 */
async function measure(size, scenario) {
  const port = await freePort();
  const nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'js')], { stdio: 'ignore' });
  children.push(nats);
  await pause(300);
  const servers = [];
  for (let i = 0; i < size; ++i) servers.push(await startServer(size > 1 ? `nats://127.0.0.1:${port}` : undefined));
  if (size > 1) {
    for (const server of servers) {
      while ((await metric(server, 'onair_bus_processes')) !== size - 1) await pause(50);
    }
  }
  const before = size > 1 ? await heardFrames(servers) : 0;
  const { stdout } = await run(setting('ONAIR_LOAD'), [
    ...servers.flatMap(({ port }) => ['--port', port]),
    ...servers.flatMap(({ child }) => ['--pid', String(child.pid)]),
    scenario,
  ]);
  const result = JSON.parse(stdout);
  const crossed = size > 1 ? (await heardFrames(servers)) - before : 0;
  for (const { child } of servers) await stop(child);
  await stop(nats);
  return {
    perSecond: result.deliveries / result.cpu_s,
    p50: result.p50_ms,
    p99: result.p99_ms,
    crossed: crossed / result.broadcasts,
  };
}

const load = loadavg()[0].toFixed(1);
console.log(`Medians of ${runs} runs. Load of the machine before: ${load}`);
console.log('| | processes | deliveries a CPU second | latency, median | p99 | messages on the bus a broadcast |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const [scenario, title] of Object.entries(scenarios)) {
  /** @type {Map<number, Awaited<ReturnType<typeof measure>>[]>} */
  const results = new Map(sizes.map((size) => [size, []]));
  for (let i = 0; i < runs; ++i) {
    for (const [size, measured] of results) measured.push(await measure(size, scenario));
  }
  for (const [size, measured] of results) {
    /** @param {keyof typeof measured[number]} name */
    const of = (name) => median(measured.map((result) => result[name]));
    console.log(`| ${title} | ${size} | ${Math.round(of('perSecond'))} | ${of('p50').toFixed(2)} ms | ${of('p99').toFixed(2)} ms | ${of('crossed').toFixed(2)} |`);
  }
}
process.exit(0);
