// Tests a broadcast over two servers that NATS joins, behind a load balancer: the picture stays while servers and
// NATS die.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { freePort } from '../process/nats.mjs';
import { Chromium, goOnAir, Server, until } from './support.mjs';

/** Forwards each new connection to the next server that is up. */
class Balancer {
  next = 0;
  origin = '';
  server = createServer((near) => this.serve(near, this.next++, this.ports.length));

  /** @param {number[]} ports */
  constructor(ports) {
    this.ports = ports;
  }

  /** @param {number[]} ports */
  static async start(ports) {
    const balancer = new Balancer(ports);
    await once(balancer.server.listen(0, 'localhost'), 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (balancer.server.address());
    balancer.origin = `http://localhost:${port}`;
    return balancer;
  }

  /** @type {(near: import('node:net').Socket, place: number, tries: number) => void} */
  serve(near, place, tries) {
    const far = connect(this.ports[place % this.ports.length], 'localhost');
    near.on('error', () => far.destroy());
    far.once('connect', () => near.pipe(far).pipe(near));
    far.on('error', () => (far.readyState === 'closed' && tries > 1 && !far.bytesRead ? this.serve(near, place + 1, tries - 1) : near.destroy()));
    far.on('close', () => far.bytesRead > 0 && near.destroy());
    near.on('close', () => far.destroy());
  }

  stop() {
    this.server.close();
  }
}

/** The shortest time without NATS, in seconds. scripts/test-long sets a longer one. */
const outage = Number(process.env.ONAIR_BUS_OUTAGE ?? 0);

/** @type {Chromium} */
let chromium;
/** @type {string} */
let folder;
/** @type {import('node:child_process').ChildProcess} */
let nats;
/** @type {number} */
let port;
/** @type {Server[]} */
const servers = [];

const startNats = () => {
  nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'nats')], { stdio: 'ignore' });
};
const startServer = () => Server.start('--bus', `nats://127.0.0.1:${port}`, '--threads', '1', '--state-dir', folder);
/** @param {Server} server */
const ready = async (server) => (await fetch(`${server.origin}/readyz`)).text();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onair-cluster-'));
  port = await freePort();
  startNats();
  servers.push(await startServer(), await startServer());
  for (const server of servers) {
    await until('the server is on the bus', async () => (await ready(server)) === 'ready\n');
  }
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  for (const server of servers) await server.stop('SIGKILL');
  nats.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('keeps the picture when NATS and then a server die', async () => {
  const [a, b] = servers;
  const balancer = await Balancer.start([a.port, b.port]);
  // The talker connects through the balancer, one viewer to each server.
  const talker = await goOnAir(chromium, balancer, 'cluster');
  const viewers = [];
  for (const origin of [a.origin, b.origin]) viewers.push(await chromium.open(`${origin}/watch.html?cluster`));
  for (const viewer of viewers) await viewer.decodesFrames();
  await talker.says('watching', /^2$/);

  nats.kill('SIGKILL');
  await until('the servers are alone', async () => (await ready(a)) !== 'ready\n' && (await ready(b)) !== 'ready\n');
  const until_then = Date.now() + outage * 1_000;
  do {
    for (const viewer of viewers) await viewer.decodesFrames(30);
  } while (Date.now() < until_then);
  startNats();
  await until('they are together', async () => (await ready(a)) === 'ready\n' && (await ready(b)) === 'ready\n');
  const late = await chromium.open(`${balancer.origin}/watch.html?cluster`);
  await late.decodesFrames();

  await a.stop('SIGKILL');
  for (const viewer of [...viewers, late]) await viewer.decodesFrames(60);
  await talker.says('link', /Connected/);
  await late.says('link', /Connected/);
  const [, onB] = viewers;
  await onB.decodesFrames();
  assert.equal(await talker.openConnections(), 3, 'no connection is new');
  const last = await chromium.open(`${balancer.origin}/watch.html?cluster`);
  await last.decodesFrames();
  for (const page of [...viewers, late, last, talker]) await page.close();
  balancer.stop();
});

test('keeps the picture when the servers are restarted one after the other', async () => {
  servers[0] = await startServer();
  await until('the server is on the bus', async () => (await ready(servers[0])) === 'ready\n');
  const balancer = await Balancer.start(servers.map((server) => server.port));
  const talker = await goOnAir(chromium, balancer, 'restarts');
  const viewers = [];
  for (let i = 0; i < 2; ++i) viewers.push(await chromium.open(`${balancer.origin}/watch.html?restarts`));
  for (const viewer of viewers) await viewer.decodesFrames();
  for (const index of [0, 1]) {
    await servers[index].stop('SIGTERM');
    for (const viewer of viewers) await viewer.decodesFrames(30);
    servers[index] = await startServer();
    balancer.ports[index] = servers[index].port;
    await until('the server is on the bus', async () => (await ready(servers[index])) === 'ready\n');
    for (const page of [talker, ...viewers]) await page.says('link', /Connected/);
    await talker.says('watching', /^2$/);
    for (const viewer of viewers) await viewer.decodesFrames(30);
  }
  assert.equal(await talker.openConnections(), 2, 'no connection is new');
  const late = await chromium.open(`${balancer.origin}/watch.html?restarts`);
  await late.decodesFrames();
  for (const page of [...viewers, late, talker]) await page.close();
  balancer.stop();
});
