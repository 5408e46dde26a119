// Tests several servers that serve the same rooms through a real NATS. With ONAIR_SERVER and ONAIR_SITE set as by
// scripts/test.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { WebSocket } from 'ws';

import { makeAccounts } from './nats_accounts.mjs';
import { FakeForwarder } from './fake_forwarder.mjs';
import { Nats, freePort } from './nats.mjs';
import { closing, Server } from './server.mjs';

const bound = { timeout: 60_000 };

/**
 * @typedef {import('node:test').TestContext} TestContext
 * @typedef {any} Message any: whatever JSON a client is sent, which the test looks into
 */

/** A client of ours. Received messages wait in `inbox`, except `audience`. */
class Client {
  /** @type {Message[]} */
  inbox = [];
  /** @type {number | undefined} */
  audience;
  /** @type {Message} */
  welcome;
  id = '';
  /** @type {number | undefined} */
  close_code;
  news = () => {};

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.closed = closing(socket);
    socket.on('close', (code) => {
      this.close_code = code;
      this.news();
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'audience') this.audience = message.watching;
      else this.inbox.push(message);
      this.news();
    });
  }

  /**
   * @param {TestContext} t
   * @param {Server} server
   * @param {'talk' | 'watch'} role
   * @param {object} more what it says of itself when it enters
   */
  static async enter(t, server, role, more = {}) {
    const client = new Client(new WebSocket(`ws://127.0.0.1:${await server.port()}/ws`));
    t.after(() => client.socket.terminate());
    await once(client.socket, 'open');
    client.send({ type: 'enter', room: 'lesson', role, ...more });
    client.welcome = await client.next();
    client.id = client.welcome.id;
    return client;
  }

  /**
   * Enters a viewer who knows of the talker's broadcast: by `welcome`, or by `talk_ready` where that was still on its
   * way from another process.
   * @param {TestContext} t
   * @param {Server} server
   * @param {Client} talker
   * @param {object} more what it says of itself when it enters
   */
  static async watch(t, server, talker, more = {}) {
    const client = await Client.enter(t, server, 'watch', more);
    if (!client.welcome.talkers.includes(talker.id)) await client.nextIs('talk_ready', { from: talker.id });
    return client;
  }

  /** @param {object} message */
  send(message) {
    this.socket.send(JSON.stringify(message));
  }

  /**
   * Waits for the condition. Throws when the connection closes before, since nothing more arrives then.
   * @param {() => boolean} condition
   */
  async until(condition) {
    while (!condition()) {
      if (this.close_code) throw new Error(`closed with ${this.close_code}`);
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.news = resolve)));
    }
  }

  async next() {
    await this.until(() => this.inbox.length > 0);
    return this.inbox.shift();
  }

  /** @type {(type: string, more?: object) => Promise<void>} */
  async nextIs(type, more = {}) {
    assert.deepEqual(await this.next(), { type, ...more });
  }
}

/** @type {(server: Server, path: string) => Promise<string>} */
const admin = async (server, path) => {
  const port = Number((await server.logged(/Metrics: \S+:(\d+)/))[1]);
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
};
/** @type {(server: Server, name: string) => Promise<number>} */
const metric = async (server, name) =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await admin(server, '/metrics'))?.[1]);

/**
 * Waits until a metric has this value, at most for the test's own time limit.
 * @type {(server: Server, name: string, value: number) => Promise<void>}
 */
async function until(server, name, value) {
  while ((await metric(server, name)) !== value) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Starts servers and waits until they know of each other.
 * @param {TestContext} t
 * @param {number} count
 * @param {string} bus
 * @param {string[]} more
 */
async function servers(t, count, bus, more = []) {
  const all = Array.from({ length: count }, () =>
    new Server(t, ['--bus', bus, '--admin-port', '0', '--resume-secret', 'shared by all of these tests', '--threads', '2', ...more]));
  for (const server of all) await until(server, 'onair_bus_processes', count - 1);
  return all;
}

/** A TCP path to a port that a test can cut. */
class Path {
  open = true;
  url = '';
  /** @type {Set<import('node:net').Socket>} */
  sockets = new Set();

  /** @type {(t: TestContext, port: number) => Promise<Path>} */
  static async to(t, port) {
    const path = new Path();
    const server = createServer((near) => {
      if (!path.open) return near.destroy();
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [[near, far], [far, near]]) {
        path.sockets.add(from);
        from.on('data', (data) => path.open && to.write(data));
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = /** @type {import('node:net').AddressInfo} */ (server.address());
    path.url = `nats://127.0.0.1:${own.port}`;
    t.after(() => {
      path.cut();
      server.close();
    });
    return path;
  }

  cut() {
    this.open = false;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  mend() {
    this.open = true;
  }
}

test('serves one room over three processes', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url);
  const talker = await Client.enter(t, a, 'talk');
  const early = await Client.enter(t, b, 'watch');
  talker.send({ type: 'talk_ready' });
  await early.nextIs('talk_ready', { from: talker.id });
  const late = await Client.watch(t, c, talker);
  await talker.until(() => talker.audience === 2);

  late.send({ type: 'talk_request', sendto: talker.id });
  await talker.nextIs('talk_request', { from: late.id, sendto: talker.id });
  talker.send({ type: 'offer', sdp: 'v=0', sendto: late.id });
  await late.nextIs('offer', { from: talker.id, sendto: late.id, sdp: 'v=0' });
  early.send({ type: 'wave' });
  await talker.nextIs('wave', { from: early.id });
  early.send({ type: 'wave', sendto: late.id });
  assert.equal((await early.next()).code, 'no_such_peer');
  talker.send({ type: 'wave', sendto: 'nobody' });
  assert.equal((await talker.next()).code, 'no_such_peer');
  const second = await Client.enter(t, b, 'talk');
  assert.equal(second.welcome.code, 'room_taken');

  late.socket.close(1000);
  await talker.nextIs('user_disconnected', { id: late.id });
  await talker.until(() => talker.audience === 1);
  talker.send({ type: 'remove_peer', id: early.id });
  assert.equal((await early.next()).code, 'removed');
  await talker.nextIs('user_disconnected', { id: early.id });
  const other = await Client.enter(t, c, 'watch', { resume: early.welcome.resume });
  assert.equal(other.welcome.code, 'removed');
});

test('resumes as the same peer at another process', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  const moved = await Client.watch(t, c, talker, { resume: viewer.welcome.resume });
  assert.equal(moved.id, viewer.id);
  assert.equal((await viewer.closed)[0], 4000);
  talker.send({ type: 'wave', sendto: viewer.id });
  await moved.nextIs('wave', { from: talker.id, sendto: viewer.id });
  const talks_elsewhere = await Client.enter(t, b, 'talk', { resume: talker.welcome.resume });
  assert.equal(talks_elsewhere.id, talker.id);
  assert.deepEqual(talks_elsewhere.welcome.talkers, [talker.id]);
  assert.equal((await talker.closed)[0], 4000);
  assert.deepEqual(moved.inbox, []);
});

test('serves on when a process is killed, and its talker resumes at another', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  const lost = await Client.enter(t, a, 'watch');
  a.child.kill('SIGKILL');
  await Promise.all([talker.closed, lost.closed]);
  await until(b, 'onair_bus_processes', 1);
  const stranger = await Client.enter(t, c, 'talk');
  assert.equal(stranger.welcome.code, 'room_taken');
  const back = await Client.enter(t, c, 'talk', { resume: talker.welcome.resume });
  assert.equal(back.id, talker.id);
  back.send({ type: 'wave' });
  await viewer.nextIs('wave', { from: talker.id });
  const found = await Client.enter(t, b, 'watch', { resume: lost.welcome.resume });
  assert.equal(found.id, lost.id);
  assert.deepEqual(found.welcome.talkers, [talker.id]);
});

test('removes watchers of a dead process who do not resume within the grace time', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url, ['--grace', '2']);
  const early = await Client.enter(t, a, 'watch');
  const talker = await Client.enter(t, b, 'talk');
  const [lost, moves] = [await Client.enter(t, a, 'watch'), await Client.enter(t, a, 'watch')];
  await talker.until(() => talker.audience === 3);
  a.child.kill('SIGKILL');
  const moved = await Client.enter(t, c, 'watch', { resume: moves.welcome.resume });
  assert.equal(moved.id, moves.id);
  const gone = [(await talker.next()).id, (await talker.next()).id];
  assert.deepEqual(gone.sort(), [early.id, lost.id].sort());
  await talker.until(() => talker.audience === 1);
  talker.send({ type: 'wave', sendto: moves.id });
  await moved.nextIs('wave', { from: talker.id, sendto: moves.id });
  assert.deepEqual(talker.inbox, []);
});

test('resumes a thousand viewers of a killed process at another, without user_disconnected', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url);
  const talker = await Client.enter(t, b, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewers = [];
  for (let i = 0; i < 20; ++i) {
    viewers.push(...(await Promise.all(Array.from({ length: 50 }, () => Client.enter(t, a, 'watch')))));
  }
  await talker.until(() => talker.audience === 1000);
  a.child.kill('SIGKILL');
  await Promise.all(viewers.map(({ closed }) => closed));
  const back = await Promise.all(viewers.map(({ welcome }) => Client.enter(t, b, 'watch', { resume: welcome.resume })));
  assert.deepEqual(back.map(({ id }) => id).sort(), viewers.map(({ id }) => id).sort());
  for (const { welcome } of back) assert.deepEqual(welcome.talkers, [talker.id]);
  await until(b, 'onair_bus_processes', 0);
  talker.send({ type: 'wave' });
  for (const viewer of back) await viewer.nextIs('wave', { from: talker.id });
  await talker.until(() => talker.audience === 1000);
  assert.deepEqual(talker.inbox, []);
});

test('rejoins after a process stood still for too long for the bus', bound, async (t) => {
  const nats = await Nats.start(t);
  // Large queues, since the clients of b receive the whole backlog at once.
  const [a, b] = await servers(t, 2, nats.url, ['--max-send-queue-bytes', '67108864']);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  b.child.kill('SIGSTOP');
  const text = 'x'.repeat(60_000);
  for (let i = 0; i < 250; ++i) talker.send({ type: 'wave', text });
  await until(a, 'onair_bus_processes', 0);
  const near = await Client.enter(t, a, 'watch');
  b.child.kill('SIGCONT');
  for (const server of [a, b]) await until(server, 'onair_bus_processes', 1);
  // NATS may be about to cut it off and then loses its messages. So the viewer asks again, as pages do.
  const has_request = () => talker.inbox.some(({ type }) => type === 'talk_request');
  while (!has_request()) {
    viewer.send({ type: 'talk_request', sendto: talker.id });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const on_air = async () => (await Client.enter(t, b, 'watch')).welcome.talkers;
  while ((await on_air()).length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(await on_air(), [talker.id]);
  assert.deepEqual(near.inbox, []);
  assert.deepEqual(talker.inbox.filter(({ type }) => type !== 'talk_request'), []);
});

test('removes a talker of a dead process who does not resume within the grace time', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url, ['--grace', '1']);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  a.child.kill('SIGKILL');
  await viewer.nextIs('user_disconnected', { id: talker.id });
  assert.equal((await Client.enter(t, b, 'talk')).welcome.type, 'welcome');
});

/** Time without NATS, in seconds. scripts/test-long sets a longer one. */
const outage = Number(process.env.ONAIR_BUS_OUTAGE ?? 0);

test('serves rooms in each process without NATS, and joins them again afterwards', { timeout: 60_000 + outage * 1_000 }, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url, ['--grace', '5']);
  const talker = await Client.enter(t, a, 'talk');
  const near = await Client.enter(t, a, 'watch');
  const far = await Client.enter(t, b, 'watch');
  const leaves = await Client.enter(t, b, 'watch');
  await talker.until(() => talker.audience === 3);
  await nats.kill();
  for (const server of [a, b]) {
    await until(server, 'onair_bus_connected', 0);
    assert.match(await admin(server, '/readyz'), /^ready.*away/);
  }
  talker.send({ type: 'talk_ready' });
  await near.nextIs('talk_ready', { from: talker.id });
  near.send({ type: 'talk_request', sendto: talker.id });
  await talker.nextIs('talk_request', { from: near.id, sendto: talker.id });
  leaves.socket.close(1000);
  const third = await Client.enter(t, b, 'watch', { room: 'another' });
  assert.deepEqual(third.welcome.talkers, []);
  await new Promise((resolve) => setTimeout(resolve, outage * 1_000));
  talker.send({ type: 'wave', sendto: far.id });
  await nats.again();
  for (const server of [a, b]) await until(server, 'onair_bus_connected', 1);
  await far.until(() => far.inbox.length >= 2);
  assert.deepEqual(far.inbox.map(({ type }) => type).sort(), ['talk_ready', 'wave']);
  far.send({ type: 'talk_request', sendto: talker.id });
  await talker.nextIs('talk_request', { from: far.id, sendto: talker.id });
  await talker.until(() => talker.audience === 2);
  await talker.nextIs('user_disconnected', { id: leaves.id });
  assert.deepEqual((await Client.enter(t, b, 'watch')).welcome.talkers, [talker.id]);
  assert.equal(await admin(a, '/readyz'), 'ready\n');
  assert.equal(far.inbox.length, 2, 'nothing arrived twice');
  assert.deepEqual(near.inbox, []);
});

test('joins servers that started before NATS', bound, async (t) => {
  const nats = await Nats.start(t);
  await nats.kill();
  const [a, b] = [1, 2].map(() => new Server(t, ['--bus', nats.url, '--admin-port', '0']));
  assert.equal((await Client.enter(t, a, 'watch', { room: 'early' })).welcome.type, 'welcome');
  await nats.again();
  for (const server of [a, b]) await until(server, 'onair_bus_processes', 1);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  await Client.watch(t, b, talker);
});

test('survives the death of one of three NATS servers', bound, async (t) => {
  const cluster = await Nats.cluster(t, 3);
  const [a, b] = await servers(t, 2, cluster.map(({ url }) => url).join(','));
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewer = await Client.enter(t, b, 'watch');
  for (const nats of cluster.slice(0, 2)) {
    await nats.kill();
    for (const server of [a, b]) await until(server, 'onair_bus_connected', 1);
    await nats.again();
  }
  for (;;) {
    viewer.send({ type: 'wave', sendto: talker.id });
    const message = await Promise.race([talker.next(), new Promise((resolve) => setTimeout(resolve, 500))]);
    if (message) break;
  }
  assert.deepEqual(viewer.inbox.filter(({ type }) => type === 'user_disconnected'), []);
});

test('lets JetStream decide which of two talkers stays, after one was cut off', bound, async (t) => {
  const nats = await Nats.start(t);
  const path = await Path.to(t, nats.port);
  const [a] = [new Server(t, ['--bus', path.url, '--admin-port', '0', '--grace', '1'])];
  const b = new Server(t, ['--bus', nats.url, '--admin-port', '0', '--grace', '1']);
  for (const server of [a, b]) await until(server, 'onair_bus_processes', 1);
  const first = await Client.enter(t, a, 'talk');
  first.send({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, first);
  path.cut();
  await until(a, 'onair_bus_connected', 0);
  await viewer.nextIs('user_disconnected', { id: first.id });
  const second = await Client.enter(t, b, 'talk');
  assert.equal(second.welcome.type, 'welcome');
  first.send({ type: 'ping' });
  assert.equal((await first.next()).type, 'pong', 'the first talker continues where it is');
  path.mend();
  await until(a, 'onair_bus_connected', 1);
  assert.equal((await first.next()).code, 'room_taken');
  second.send({ type: 'ping' });
  await second.until(() => second.inbox.some(({ type }) => type === 'pong'));
  // The second talker may get the news again that the first is gone, since it was there again for a moment.
  assert.deepEqual(second.inbox.filter(({ type, id }) => type !== 'pong' && id !== first.id), []);
  for (const server of [a, b]) assert.equal(await metric(server, 'onair_bus_leases'), 1);
});

/**
 * True where a server that ends caused the error: it lets nobody in any more.
 * @param {unknown} error
 */
const is_ending = (error) =>
  error instanceof Error &&
  /ECONNREFUSED|ECONNRESET|socket hang up|response: 503|closed with 1012/.test(error.message);

/** @typedef {{ servers: (Server | undefined)[], restarting: boolean }} Cluster */

/** A client that resumes by itself at the next server that is up, as behind a load balancer. */
class Traveller {
  /** @type {Map<string, number[]>} */
  received = new Map();
  /** @type {string[]} */
  gone = [];
  sent = 0;
  moves = 0;
  id = '';
  /** @type {Client | undefined} */
  client;
  /** @type {unknown} */
  failed;
  news = () => {};

  /**
   * @param {TestContext} t
   * @param {Cluster} cluster
   * @param {'talk' | 'watch'} role
   */
  constructor(t, cluster, role) {
    this.t = t;
    this.cluster = cluster;
    this.role = role;
  }

  /**
   * @param {TestContext} t
   * @param {Cluster} cluster
   * @param {'talk' | 'watch'} role
   */
  static async enter(t, cluster, role) {
    const one = new Traveller(t, cluster, role);
    await one.#go();
    return one;
  }

  /** @param {object} more what it says of itself when it enters */
  async #go(more = {}) {
    const client = await this.#next_client(more);
    assert.equal(client.welcome.type, 'welcome', JSON.stringify(client.welcome));
    this.id ||= client.id;
    assert.equal(client.id, this.id);
    this.client = client;
    this.#serve(client).catch((error) => this.#fail(error));
    this.news();
  }

  /**
   * Tries one server after the other, since any of them may end while the client enters.
   * @param {object} more
   */
  async #next_client(more) {
    const { servers } = this.cluster;
    for (let i = Math.floor(Math.random() * servers.length); this.cluster.restarting; ++i) {
      const server = servers[i % servers.length];
      try {
        if (server) return await Client.enter(this.t, server, this.role, more);
      } catch (error) {
        if (!is_ending(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('no server was found before the end of the test');
  }

  /**
   * Takes what arrives until the server closes the connection, and moves to another server.
   * @param {Client} client
   */
  async #serve(client) {
    for (;;) {
      await client.until(() => client.inbox.length > 0).catch(() => {});
      if (client.inbox.length === 0) break;
      this.#take(client.inbox.shift());
      this.news();
    }
    this.client = undefined;
    if (!this.cluster.restarting) return;
    assert.equal(client.close_code, 1012);
    this.moves += 1;
    await this.#go({ resume: client.welcome.resume });
  }

  /** @param {Message} message */
  #take(message) {
    if (message.type === 'wave') this.received.set(message.from, [...this.received_from(message.from), message.n]);
    else if (message.type === 'user_disconnected') this.gone.push(message.id);
    else if (message.type === 'error') this.#fail(new Error(JSON.stringify(message)));
  }

  /** @param {unknown} error */
  #fail(error) {
    this.failed ??= error;
    this.news();
  }

  /** @param {string} id */
  received_from(id) {
    return this.received.get(id) ?? [];
  }

  /**
   * Waits for the condition. Throws what went wrong before.
   * @param {() => boolean} condition
   */
  async until(condition) {
    for (;;) {
      assert.ifError(this.failed);
      if (condition()) return;
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.news = resolve)));
    }
  }

  /**
   * Waits until it has received these numbers from a client, each once, in any order.
   * @param {string} id
   * @param {number[]} numbers
   */
  async receives(id, numbers) {
    const late = setTimeout(() => this.#fail(new Error(`received ${this.received_from(id)}, and not ${numbers}`)), 20_000);
    await this.until(() => this.received_from(id).length >= numbers.length).finally(() => clearTimeout(late));
    assert.deepEqual([...this.received_from(id)].sort((a, b) => a - b), numbers);
  }

  /**
   * Sends the next number to the room or to one client. Gives undefined while it has no server.
   * @param {Traveller} [to]
   */
  speak(to) {
    if (this.client?.socket.readyState !== WebSocket.OPEN) return undefined;
    this.client.send({ type: 'wave', n: ++this.sent, ...(to && { sendto: to.id }) });
    return this.sent;
  }
}

test('delivers everything once while three processes are restarted one after the other under load', bound, async (t) => {
  const nats = await Nats.start(t);
  /** @type {Cluster} */
  const cluster = { servers: [], restarting: true };
  t.after(() => {
    cluster.restarting = false;
  });
  cluster.servers = await servers(t, 3, nats.url);
  const talker = await Traveller.enter(t, cluster, 'talk');
  talker.client?.send({ type: 'talk_ready' });
  /** @type {Traveller[]} */
  const viewers = [];
  for (let i = 0; i < 24; ++i) viewers.push(await Traveller.enter(t, cluster, 'watch'));
  /** @type {Map<Traveller, [from: Traveller, n: number][]>} */
  const due = new Map([talker, ...viewers].map((one) => [one, []]));
  const load = setInterval(() => {
    const to_all = talker.speak();
    if (to_all) for (const viewer of viewers) due.get(viewer)?.push([talker, to_all]);
    const one = viewers[Math.floor(Math.random() * viewers.length)];
    const to_one = talker.speak(one);
    if (to_one) due.get(one)?.push([talker, to_one]);
    for (const viewer of viewers.slice(0, 4)) {
      const n = viewer.speak(viewer.sent % 2 ? talker : undefined);
      if (n) due.get(talker)?.push([viewer, n]);
    }
  }, 5);
  t.after(() => clearInterval(load));
  for (const index of [0, 1, 2]) {
    const ends = cluster.servers[index];
    cluster.servers[index] = undefined;
    const sent_before = talker.sent;
    await talker.until(() => talker.sent > sent_before + 200);
    ends?.child.kill('SIGTERM');
    assert.deepEqual(await ends?.exited, [0, null]);
    const again = new Server(t, ['--bus', nats.url, '--admin-port', '0', '--resume-secret', 'shared by all of these tests', '--threads', '2']);
    cluster.servers[index] = again;
    await until(again, 'onair_bus_processes', 2);
  }
  clearInterval(load);
  const everyone = [talker, ...viewers];
  for (const one of everyone) {
    await one.until(() => one.client !== undefined);
    /** @type {Map<string, number[]>} */
    const all = new Map();
    for (const [from, n] of due.get(one) ?? []) all.set(from.id, [...(all.get(from.id) ?? []), n]);
    for (const [from, numbers] of all) await one.receives(from, numbers);
    assert.deepEqual(one.gone, []);
  }
  t.diagnostic(`${everyone.reduce((sum, one) => sum + one.moves, 0)} moves, ${[...due.values()].flat().length} messages received`);
  assert.ok(talker.sent > 500);
  assert.ok(everyone.reduce((sum, one) => sum + one.moves, 0) >= 25);
});

test('separates two clusters on one NATS, and ignores foreign messages', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url);
  const other = new Server(t, ['--bus', nats.url, '--bus-prefix', 'other', '--admin-port', '0']);
  await until(other, 'onair_bus_connected', 1);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  assert.deepEqual((await Client.enter(t, other, 'watch')).welcome.talkers, []);
  const viewer = await Client.watch(t, b, talker);
  const room = Buffer.from('lesson').toString('hex');
  const long = 'x'.repeat(300_000);
  for (const subject of [`room.${room}.all`, `room.${room}.parts`, `room.${room}.ask`, `room.${room}.x`, 'room.zz.all', `peer.${viewer.id}`, 'orders', 'alive']) {
    for (const payload of ['', 'x', '{', '[]', '{}', '{"process":7}', '{"process":"p","part":{"talkers":[7]}}', '{"kind":"frame","room":"lesson","from":"x","reach":"all"}\n{', '\xff\xfe', long]) {
      await nats.publish(`onair.${subject}`, payload);
    }
  }
  await nats.publish(`onair.room.${room}.all`, '{"type":"wave","from":"x"}');
  for (;;) {
    const message = await viewer.next();
    if (message.type === 'wave') break;
    assert.ok(!('type' in message), JSON.stringify(message));
  }
  talker.send({ type: 'wave', sendto: viewer.id });
  await viewer.nextIs('wave', { from: talker.id, sendto: viewer.id });
  assert.ok((await metric(b, 'onair_bus_foreign_total')) > 20);
});

test('reaches NATS over TLS', bound, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'onair-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'], ...name, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const nats = await Nats.start(t, ['--tls', '--tlscert', certificate, '--tlskey', key]);
  const url = `tls://localhost:${nats.port}`;
  const [a, b] = await servers(t, 2, url, ['--bus-ca', certificate]);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  await Client.watch(t, b, talker);
});

test('logs in at NATS by user and password, or by a token', bound, async (t) => {
  /** @type {[nats_options: string[], options: string[]][]} */
  const ways = [
    [['--user', 'onair', '--pass', 'secret'], ['--bus-user', 'onair', '--bus-password', 'secret']],
    [['--auth', 'secret'], ['--bus-token', 'secret']],
  ];
  for (const [nats_options, options] of ways) {
    const nats = await Nats.start(t, nats_options);
    await servers(t, 2, nats.url, options);
    const stranger = new Server(t, ['--bus', nats.url, '--admin-port', '0']);
    await stranger.logged(/event=bus_away|can't be used/);
  }
});

test('tries again for as long as NATS refuses its password, and keeps that to itself', bound, async (t) => {
  const nats = await Nats.start(t, ['--user', 'onair', '--pass', 'another']);
  const url = nats.url.replace('//', '//onair:secret@');
  const server = new Server(t, ['--bus', url, '--admin-port', '0']);
  await server.logged(/event=bus_refused .*action=retry/);
  assert.match(await admin(server, '/readyz'), /^ready, but the bus to other machines is away/);
  assert.equal(await metric(server, 'onair_bus_connected'), 0);
  await nats.kill();
  nats.options = ['--user', 'onair', '--pass', 'secret'];
  await nats.again();
  await until(server, 'onair_bus_connected', 1);
  assert.equal(await admin(server, '/readyz'), 'ready\n');
  assert.doesNotMatch(server.output, /secret/);
});

test('makes the bucket of leases anew after the one NATS lost it', bound, async (t) => {
  const monitor = await freePort();
  const nats = await Nats.start(t, ['-m', String(monitor)]);
  const url = `http://127.0.0.1:${monitor}/jsz?accounts=true&streams=true`;
  /** Waits until the bucket holds an entry; there is nothing else in this JetStream. */
  const holdsLease = async () => {
    while (!/"messages": *[1-9]/.test(await (await fetch(url)).text())) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const [a, b] = await servers(t, 2, nats.url);
  await Client.enter(t, a, 'talk');
  await holdsLease();
  await nats.kill();
  for (const server of [a, b]) await until(server, 'onair_bus_connected', 0);
  await nats.again();
  for (const server of [a, b]) await until(server, 'onair_bus_connected', 1);
  await Client.enter(t, b, 'talk', { room: 'another' });
  await holdsLease();
  for (const server of [a, b]) await until(server, 'onair_bus_leases', 1);
});

test('logs in at NATS by a file of credentials', bound, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'onair-creds-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { config, creds } = makeAccounts();
  writeFileSync(join(folder, 'nats.conf'), config);
  writeFileSync(join(folder, 'onair.creds'), creds);
  const nats = await Nats.start(t, ['-c', join(folder, 'nats.conf')]);
  const [a, b] = await servers(t, 2, nats.url, ['--bus-creds', join(folder, 'onair.creds')]);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  await Client.watch(t, b, talker);
  for (const server of [a, b]) await until(server, 'onair_bus_leases', 1);
  const stranger = new Server(t, ['--bus', nats.url, '--admin-port', '0']);
  await stranger.logged(/event=bus_away|can't be used/);
});

/**
 * Starts two servers, each with a forwarder of its own.
 * @param {TestContext} t
 */
async function withForwarders(t) {
  const nats = await Nats.start(t);
  const forwarders = [await FakeForwarder.start(t), await FakeForwarder.start(t)];
  const both = forwarders.map(
    ({ path }) =>
      new Server(t, ['--bus', nats.url, '--admin-port', '0', '--resume-secret', 'shared by both of the test', '--forwarder', path]),
  );
  for (const server of both) {
    await until(server, 'onair_bus_processes', 1);
    await until(server, 'onair_forwarder_connected', 1);
  }
  return { servers: both, forwarders };
}

/** @type {(server: Server, path: string) => Promise<Response>} */
const postOffer = async (server, path) =>
  fetch(`http://127.0.0.1:${await server.port()}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: 'v=0\r\na=ice-ufrag:mine\r\n',
  });

test('has a player watch a browser that broadcasts at another process', bound, async (t) => {
  const { servers: [a, b], forwarders: [, there] } = await withForwarders(t);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  await Client.watch(t, b, talker); // so that it is known there
  const created = postOffer(b, '/whep/lesson');
  const { from, players } = await talker.next();
  assert.equal(players, 1);
  await talker.nextIs('talk_request', { from, sendto: talker.id });
  talker.send({ type: 'offer', sendto: from, sdp: 'v=0\r\nof the browser', connection: 7 });
  assert.equal((await there.next('publish')).sdp, 'v=0\r\nof the browser');
  const answer = await talker.next();
  assert.deepEqual([answer.type, answer.connection], ['answer', 7]);
  assert.equal((await created).status, 201);
  while (talker.audience !== 2) await new Promise((resolve) => (talker.news = () => resolve(undefined)));
});

test('lets a talker that has moved to another process let go of the forwarder that it used', bound, async (t) => {
  const { servers: [a, b], forwarders: [here] } = await withForwarders(t);
  const talker = await Client.enter(t, a, 'talk');
  talker.send({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  talker.send({ type: 'use_forwarder', on: true });
  const { from } = await talker.next();
  await talker.nextIs('talk_request', { from, sendto: talker.id });
  talker.send({ type: 'offer', sendto: from, sdp: 'v=0\r\nof the browser', connection: 7 });
  const { peer } = await here.next('publish');
  assert.equal((await talker.next()).type, 'answer');
  viewer.send({ type: 'talk_request', sendto: from }); // it knows of the forwarder there
  assert.equal((await viewer.next()).from, from);

  talker.socket.terminate();
  const moved = await Client.enter(t, b, 'talk', { resume: talker.welcome.resume });
  assert.equal(moved.id, talker.id);
  moved.send({ type: 'talk_ready' });
  moved.send({ type: 'use_forwarder', on: false });
  while ((await here.next('close')).peer !== peer); // first those of its viewers
});

test('tells a player that its room’s encoder is at another process, and lets pages watch it from everywhere', bound, async (t) => {
  const { servers: [a, b], forwarders: [here, there] } = await withForwarders(t);
  assert.equal((await postOffer(a, '/whip/lesson')).status, 201);
  const { peer } = await here.next('publish');
  here.tell({ event: 'connected', room: 'lesson', peer });
  const viewer = await Client.enter(t, b, 'watch');
  const talker = viewer.welcome.talkers[0] ?? (await viewer.next()).from;
  viewer.send({ type: 'talk_request', sendto: talker });
  const { type, sdp } = await viewer.next();
  assert.deepEqual([type, sdp.includes('a=ice-lite')], ['offer', true]);
  assert.equal((await postOffer(b, '/whip/lesson')).status, 409);

  const refused = await postOffer(b, '/whep/lesson');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '10');
  const problem = /** @type {{ code: string }} */ (await refused.json());
  assert.equal(problem.code, 'encoder_elsewhere');
  const asked = there.requests.map((request) => request.do);
  assert.deepEqual(asked.filter((kind) => kind !== 'stats'), ['hello']); // metrics ask for the latter
  assert.equal((await postOffer(a, '/whep/lesson')).status, 201);
});
