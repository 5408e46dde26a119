// Lets 10,000 clients disturb the server for minutes, and checks that afterwards nothing is left of them.
// `node soak.mjs [SECONDS]`, with ONAIR_SERVER, ONAIR_SOAK and ONAIR_SITE set as by scripts/soak.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { setting } from '../setting.mjs';

const seconds = process.argv[2] ?? '180';
const grace_ms = 5_000;

const server = spawn(
  setting('ONAIR_SERVER'),
  [
    '--web', setting('ONAIR_SITE'), '--address', '127.0.0.1', '--port', '0', '--admin-port', '0',
    '--state-dir', mkdtempSync(join(tmpdir(), 'onair-soak-')), '--log-level', 'warn',
    '--grace', String(grace_ms / 1000), '--max-send-queue-bytes', '262144',
    '--max-frames-per-second', '50', '--max-peers-per-room', '20000',
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
let port = '';
let admin = '';
for await (const line of createInterface({ input: server.stdout })) {
  port ||= /http:\/\/localhost:(\d+)/.exec(line)?.[1] ?? '';
  admin ||= /127\.0\.0\.1:(\d+)\/metrics/.exec(line)?.[1] ?? '';
  if (port && admin) break;
}
server.stdout.resume();

async function metrics() {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  const values = new Map();
  for (const line of text.split('\n')) {
    const space = line.lastIndexOf(' ');
    if (!line.startsWith('#') && space > 0) values.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return values;
}

/** @param {string[]} options */
async function crowd(...options) {
  const child = spawn(setting('ONAIR_SOAK'), ['--port', port, ...options], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('a well-behaved client missed a frame');
}

/** Gives the size of the heap when everyone has left and the grace time is over. */
async function heap_of_empty_server() {
  await new Promise((resolve) => setTimeout(resolve, grace_ms + 1_000));
  const values = await metrics();
  for (const name of ['onair_peers', 'onair_rooms', 'onair_websockets', 'onair_send_queue_bytes']) {
    if (values.get(name) !== 0) throw new Error(`${name} is ${values.get(name)} in an empty server`);
  }
  return values.get('onair_heap_bytes');
}

try {
  // The first run fills the buffers that stay, as in any server that has had a crowd.
  await crowd('--seconds', '10');
  const before = await heap_of_empty_server();
  await crowd('--seconds', seconds);
  const after = await heap_of_empty_server();
  const values = await metrics();
  /** @param {string} name */
  const show = (name) => `${name} ${values.get(name)}`;
  console.log([
    'onair_deliveries_total', 'onair_evictions_total{reason="slow_consumer"}',
    'onair_evictions_total{reason="rate"}',
  ].map(show).join('\n'));
  console.log(`heap of the empty server: before ${before} bytes, after ${after} bytes`);
  if (values.get('onair_evictions_total{reason="slow_consumer"}') === 0) throw new Error('no client was cut off for reading slowly');
  if (values.get('onair_evictions_total{reason="rate"}') === 0) throw new Error('no client was cut off for its rate');
  if (after > before + 1_000_000) throw new Error('the memory was not freed');
} finally {
  server.kill('SIGTERM');
  const [code] = await once(server, 'exit');
  console.log(`the server ended with ${code}`);
  if (code !== 0) process.exitCode = 1;
}
