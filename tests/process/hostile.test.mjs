// Attacks the server with its default limits, and measures what the others notice: a talker and ten viewers in the
// attacked room, and as many in another one. A third class at a server that nobody attacks shows what the machine
// itself adds. With ONAIR_SERVER and ONAIR_SITE set as by scripts/test.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

import { WebSocket } from 'ws';

import { attacks, media_attacks, tls_attacks } from './attacks.mjs';
import { FakeForwarder } from './fake_forwarder.mjs';
import { Nats } from './nats.mjs';
import { Server } from './server.mjs';

/** @typedef {import('node:test').TestContext} TestContext */

const VIEWERS = 10;
/** How often each talker sends. */
const PACE_MS = 10;
const MOST_GROWTH_KIB = 65_536;
/**
 * In milliseconds: how much later 99 of 100 frames may arrive than those that were sent at the same time at the server
 * that nobody attacks; a single one may take three times as long. Where the machine has other work too, that server's
 * longest delay shows how much: so many times it is added, since an attack is work for the machine as well.
 */
const MOST_LATER = 100;
const TIMES_OF_UNDISTURBED = 8;

/** @param {Server} server @param {'VmRSS' | 'VmHWM'} field the memory now, or the most there ever was */
const memory = (server, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]);

/** Honest members of a room: the talker sends numbers, each of which all viewers get and one of them sends back. */
class Class {
  /** @type {WebSocket[]} the talker, and then the viewers */
  members = [];
  /** @type {number[]} the next number of each way: to each viewer, and from each back to the talker */
  next = [...Array(2 * VIEWERS).keys()].map((way) => Math.max(0, way - VIEWERS));
  received = 0;
  /** @type {number[]} when each number was sent */
  sent_at = [];
  /** @type {number[]} by number: how long it took to whom it took longest */
  delays = [];
  /** @type {string[]} what should not have happened */
  faults = [];
  talker = '';
  news = () => {};

  /** @param {string} room @param {number[]} ports */
  static async open(room, ports, scheme = 'ws') {
    const one = new Class();
    for (let i = 0; i <= VIEWERS; ++i) await one.enter(room, i, `${scheme}://127.0.0.1:${ports[i % ports.length]}/ws`);
    return one;
  }

  /** @param {string} room @param {number} i @param {string} url */
  async enter(room, i, url) {
    const socket = new WebSocket(url, { rejectUnauthorized: false });
    this.members.push(socket);
    await once(socket, 'open');
    const welcomed = once(socket, 'message');
    socket.send(JSON.stringify({ type: 'enter', room, role: i === 0 ? 'talk' : 'watch' }));
    const welcome = JSON.parse(String((await welcomed)[0]));
    assert.equal(welcome.type, 'welcome');
    if (i === 0) this.talker = welcome.id;
    socket.on('close', (code) => this.faults.push(`member ${i} closed with ${code}`)).on('error', () => {});
    socket.on('message', (data) => {
      const text = String(data);
      if (text.includes('"number"')) this.receive(i, JSON.parse(text).number);
      else if (text.includes('"error"')) this.faults.push(`member ${i} got ${text}`);
    });
  }

  /** @param {number} i @param {number} number */
  receive(i, number) {
    const echoes = number % VIEWERS;
    const way = i === 0 ? VIEWERS + echoes : i - 1;
    if (number !== this.next[way]) this.faults.push(`member ${i} got ${number} in place of ${this.next[way]}`);
    this.next[way] = number + (i === 0 ? VIEWERS : 1);
    this.received += 1;
    this.delays[number] = Math.max(this.delays[number] ?? 0, performance.now() - this.sent_at[number]);
    if (i === echoes + 1) this.members[i].send(JSON.stringify({ type: 'wave', number, sendto: this.talker }));
    this.news();
  }

  send() {
    const number = this.sent_at.push(performance.now()) - 1;
    this.members[0].send(JSON.stringify({ type: 'wave', number }));
  }

  /** Waits until everyone has received all that was sent. */
  async settle() {
    while (this.faults.length === 0 && this.received < this.sent_at.length * (VIEWERS + 1)) {
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.news = resolve)));
    }
    assert.deepEqual(this.faults, []);
  }

  close() {
    for (const socket of this.members) socket.removeAllListeners('close').terminate();
  }
}

/** What so many of a hundred values do not exceed. @param {number[]} values @param {number} of */
function percentile(values, of) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(((sorted.length - 1) * of) / 100)];
}

/** @param {string} name @param {{ port: number, admin: number, room: string, talker: string }} at */
async function attack(name, at) {
  const thread = new Worker(new URL('attacks.mjs', import.meta.url), { workerData: { name, at } });
  const [done] = await once(thread, 'message'); // rejects where the attack itself throws
  await thread.terminate();
  return done;
}

/**
 * Starts a server, or two that share their rooms.
 * @param {TestContext} t @param {string} name @param {number} threads @param {boolean} shared
 */
async function start(t, name, threads, shared) {
  const options = ['--threads', String(threads), '--admin-port', '0'];
  if (name in media_attacks) options.push('--forwarder', (await FakeForwarder.start(t)).path);
  if (name in tls_attacks) options.push('--tls-self-signed');
  // From this machine itself come proxies, whose connections have no bound: strangers come from elsewhere.
  const address = name in tls_attacks ? null : '127.0.0.1';
  if (!shared) return [new Server(t, options, { address })];
  const nats = await Nats.start(t);
  options.push('--bus', nats.url, '--resume-secret', 'shared by the servers of this test alone');
  const both = [new Server(t, options, { address }), new Server(t, options, { address })];
  for (const server of both) await peers_on_bus(server, 1);
  return both;
}

/** @param {Server} server */
const admin_of = async (server) => Number((await server.logged(/Metrics: \S+:(\d+)/))[1]);

/** Waits until the server knows of so many others. @param {Server} server @param {number} count */
async function peers_on_bus(server, count) {
  const metrics = `http://127.0.0.1:${await admin_of(server)}/metrics`;
  const known = async () => (await (await fetch(metrics)).text()).includes(`onair_bus_processes ${count}\n`);
  while (!(await known())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** @type {(t: TestContext, name: string, threads: number, shared: boolean) => Promise<void>} */
async function withstand(t, name, threads, shared) {
  const servers = await start(t, name, threads, shared);
  const ports = await Promise.all(servers.map((server) => server.port()));
  const undisturbed = await Class.open('undisturbed', [await new Server(t).port()]);
  const scheme = name in tls_attacks ? 'wss' : 'ws';
  const attacked = [await Class.open('attacked', ports, scheme), await Class.open('elsewhere', ports, scheme)];
  const classes = [...attacked, undisturbed];
  const idle = servers.map((server) => memory(server, 'VmRSS'));
  const lesson = setInterval(() => classes.forEach((one) => one.send()), PACE_MS);
  t.after(() => {
    clearInterval(lesson);
    classes.forEach((one) => one.close());
  });
  const room = 'attacked';
  await attack(name, { port: ports[0], admin: await admin_of(servers[0]), room, talker: attacked[0].talker });
  clearInterval(lesson);
  for (const one of classes) await one.settle();
  for (const server of servers) {
    assert.deepEqual([server.child.exitCode, server.child.signalCode], [null, null], server.output);
    if (shared) await peers_on_bus(server, 1);
  }

  const growth = servers.map((server, i) => memory(server, 'VmHWM') - idle[i]);
  const later = attacked.flatMap((one) => one.delays.map((delay, number) => delay - undisturbed.delays[number]));
  const [median, nearly_all, all] = [50, 99, 100].map((of) => percentile(later, of));
  const longest = percentile(undisturbed.delays, 100);
  const figures =
    `half at most ${median.toFixed(1)} ms later than at the other server, 99 % ${nearly_all.toFixed(1)}, ` +
    `all ${all.toFixed(0)} (${undisturbed.delays.length} frames, there at most ${longest.toFixed(0)} ms)`;
  t.diagnostic(`${figures}; memory +${growth} KiB`);
  const most = MOST_LATER + TIMES_OF_UNDISTURBED * longest;
  assert.ok(nearly_all < most && all < 3 * most, figures);
  for (const kib of growth) assert.ok(kib <= MOST_GROWTH_KIB, `grew by ${kib} KiB`);
}

/** Attacks that reach other servers too. scripts/test-long tries all with other servers there. */
const ON_BUS = [
  'members that are away',
  'viewers that fill the queue of the talker',
  'addressees that no peer can have',
];

for (const name of Object.keys({ ...attacks, ...media_attacks, ...tls_attacks })) {
  for (const threads of [1, 4]) {
    test(`${name}, ${threads} threads`, { timeout: 60_000 }, (t) => withstand(t, name, threads, false));
  }
  if (process.env.ONAIR_ALL_ON_BUS || ON_BUS.includes(name)) {
    test(`${name}, over NATS`, { timeout: 60_000 }, (t) => withstand(t, name, 2, true));
  }
}
