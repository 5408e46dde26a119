// Several servers whose rooms are one, by a real NATS. With ONAIR_SERVER and ONAIR_SITE set as by
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
import { Nats } from './nats.mjs';
import { Server } from './server.mjs';

const bound = { timeout: 60_000 };

/** One of our clients; what came waits in `inbox`, without `audience`. */
class Client {
  static async enter(t, server, role, more = {}) {
    const client = new Client();
    client.inbox = [];
    client.audience = undefined;
    client.news = () => {};
    client.socket = new WebSocket(`ws://127.0.0.1:${await server.port()}/ws`);
    t.after(() => client.socket.terminate());
    client.socket.on('error', () => {}); // 'close' comes behind it
    client.closed = new Promise((resolve) => {
      client.socket.on('close', (code) => {
        client.close_code = code;
        resolve([code]);
        client.news();
      });
    });
    client.socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.type === 'audience') client.audience = message.watching;
      else client.inbox.push(message);
      client.news();
    });
    await once(client.socket, 'open');
    client.say({ type: 'enter', room: 'lesson', role, ...more });
    client.welcome = await client.next();
    client.id = client.welcome.id;
    return client;
  }

  /**
   * A viewer that knows of this talker's broadcast: by `welcome`, or by `talk_ready` where that was still
   * on its way from another process.
   */
  static async watch(t, server, talker, more = {}) {
    const client = await Client.enter(t, server, 'watch', more);
    if (!client.welcome.talkers.includes(talker.id)) await client.nextIs('talk_ready', { from: talker.id });
    return client;
  }

  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  async until(condition) {
    while (!condition()) {
      if (this.close_code) throw new Error(`closed with ${this.close_code}`);
      await new Promise((resolve) => (this.news = resolve));
    }
  }

  async next() {
    await this.until(() => this.inbox.length > 0);
    return this.inbox.shift();
  }

  async nextIs(type, more = {}) {
    assert.deepEqual(await this.next(), { type, ...more });
  }
}

const admin = async (server, path) => {
  const port = Number((await server.said(/Metrics: \S+:(\d+)/))[1]);
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
};
const metric = async (server, name) =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await admin(server, '/metrics'))?.[1]);

/** Until a metric has this value; the test's own bound ends it otherwise. */
async function until(server, name, value) {
  while ((await metric(server, name)) !== value) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Servers that know of each other. */
async function servers(t, count, bus, more = []) {
  const all = Array.from({ length: count }, () =>
    new Server(t, ['--bus', bus, '--admin-port', '0', '--resume-secret', 'shared by all', '--threads', '2', ...more]));
  for (const server of all) await until(server, 'onair_bus_processes', count - 1);
  return all;
}

/** A way to a port that can be cut. */
class Path {
  static async to(t, port) {
    const path = new Path();
    path.open = true;
    path.sockets = new Set();
    path.server = createServer((near) => {
      if (!path.open) return near.destroy();
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [[near, far], [far, near]]) {
        path.sockets.add(from);
        from.on('data', (data) => path.open && to.write(data));
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      }
    }).listen(0, '127.0.0.1');
    await once(path.server, 'listening');
    path.url = `nats://127.0.0.1:${path.server.address().port}`;
    t.after(() => {
      path.cut();
      path.server.close();
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

test('a room is one over three processes', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url);
  const talker = await Client.enter(t, a, 'talk');
  const early = await Client.enter(t, b, 'watch');
  talker.say({ type: 'talk_ready' });
  await early.nextIs('talk_ready', { from: talker.id });
  const late = await Client.watch(t, c, talker);
  await talker.until(() => talker.audience === 2);

  late.say({ type: 'talk_request', sendto: talker.id });
  await talker.nextIs('talk_request', { from: late.id, sendto: talker.id });
  talker.say({ type: 'offer', sdp: 'v=0', sendto: late.id });
  await late.nextIs('offer', { from: talker.id, sendto: late.id, sdp: 'v=0' });
  early.say({ type: 'wave' });
  await talker.nextIs('wave', { from: early.id });
  early.say({ type: 'wave', sendto: late.id });
  assert.equal((await early.next()).code, 'no_such_peer');
  talker.say({ type: 'wave', sendto: 'nobody' });
  assert.equal((await talker.next()).code, 'no_such_peer');
  const second = await Client.enter(t, b, 'talk');
  assert.equal(second.welcome.code, 'room_taken');

  late.socket.close(1000);
  await talker.nextIs('user_disconnected', { id: late.id });
  await talker.until(() => talker.audience === 1);
  talker.say({ type: 'remove_peer', id: early.id });
  assert.equal((await early.next()).code, 'removed');
  await talker.nextIs('user_disconnected', { id: early.id });
  const other = await Client.enter(t, c, 'watch', { resume: early.welcome.resume });
  assert.equal(other.welcome.code, 'removed');
});

test('who comes back at another process is the same', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  const moved = await Client.watch(t, c, talker, { resume: viewer.welcome.resume });
  assert.equal(moved.id, viewer.id);
  assert.equal((await viewer.closed)[0], 4000);
  talker.say({ type: 'wave', sendto: viewer.id });
  await moved.nextIs('wave', { from: talker.id, sendto: viewer.id });
  const talks_elsewhere = await Client.enter(t, b, 'talk', { resume: talker.welcome.resume });
  assert.equal(talks_elsewhere.id, talker.id);
  assert.deepEqual(talks_elsewhere.welcome.talkers, [talker.id]);
  assert.equal((await talker.closed)[0], 4000);
  assert.deepEqual(moved.inbox, []);
});

test('the others go on when a process is killed, and its talker comes back at another', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b, c] = await servers(t, 3, nats.url);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  const lost = await Client.enter(t, a, 'watch');
  a.child.kill('SIGKILL');
  await Promise.all([talker.closed, lost.closed]);
  await until(b, 'onair_bus_processes', 1);
  const stranger = await Client.enter(t, c, 'talk');
  assert.equal(stranger.welcome.code, 'room_taken');
  const back = await Client.enter(t, c, 'talk', { resume: talker.welcome.resume });
  assert.equal(back.id, talker.id);
  back.say({ type: 'wave' });
  await viewer.nextIs('wave', { from: talker.id });
  const found = await Client.enter(t, b, 'watch', { resume: lost.welcome.resume });
  assert.equal(found.id, lost.id);
  assert.deepEqual(found.welcome.talkers, [talker.id]);
});

test('watchers whose process died and who do not come back are gone after the grace time', bound, async (t) => {
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
  talker.say({ type: 'wave', sendto: moves.id });
  await moved.nextIs('wave', { from: talker.id, sendto: moves.id });
  assert.deepEqual(talker.inbox, []);
});

test('a thousand viewers of a process that is killed are back at another, and nobody is told', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url);
  const talker = await Client.enter(t, b, 'talk');
  talker.say({ type: 'talk_ready' });
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
  talker.say({ type: 'wave' });
  for (const viewer of back) await viewer.nextIs('wave', { from: talker.id });
  await talker.until(() => talker.audience === 1000);
  assert.deepEqual(talker.inbox, []);
});

test('a process that stands still for a while, too slow for the bus, is one of them again afterwards', bound, async (t) => {
  const nats = await Nats.start(t);
  // Its clients are to take in at once what comes then.
  const [a, b] = await servers(t, 2, nats.url, ['--max-send-queue-bytes', '67108864']);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  b.child.kill('SIGSTOP');
  const text = 'x'.repeat(60_000);
  for (let i = 0; i < 250; ++i) talker.say({ type: 'wave', text });
  await until(a, 'onair_bus_processes', 0);
  const near = await Client.enter(t, a, 'watch');
  b.child.kill('SIGCONT');
  for (const server of [a, b]) await until(server, 'onair_bus_processes', 1);
  // NATS may be about to cut it off: what it says then is lost, and said again as pages do.
  const heard = () => talker.inbox.some(({ type }) => type === 'talk_request');
  while (!heard()) {
    viewer.say({ type: 'talk_request', sendto: talker.id });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const on_air = async () => (await Client.enter(t, b, 'watch')).welcome.talkers;
  while ((await on_air()).length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(await on_air(), [talker.id]);
  assert.deepEqual(near.inbox, []);
  assert.deepEqual(talker.inbox.filter(({ type }) => type !== 'talk_request'), []);
});

test('a talker whose process died and who does not come back is gone after the grace time', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url, ['--grace', '1']);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, talker);
  a.child.kill('SIGKILL');
  await viewer.nextIs('user_disconnected', { id: talker.id });
  assert.equal((await Client.enter(t, b, 'talk')).welcome.type, 'welcome');
});

/** Seconds. scripts/test-long sets more. */
const outage = Number(process.env.ONAIR_BUS_OUTAGE ?? 0);

test('without NATS rooms go on in each process, and are one again afterwards', { timeout: 60_000 + outage * 1_000 }, async (t) => {
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
  talker.say({ type: 'talk_ready' });
  await near.nextIs('talk_ready', { from: talker.id });
  near.say({ type: 'talk_request', sendto: talker.id });
  await talker.nextIs('talk_request', { from: near.id, sendto: talker.id });
  leaves.socket.close(1000);
  const third = await Client.enter(t, b, 'watch', { room: 'another' });
  assert.deepEqual(third.welcome.talkers, []);
  await new Promise((resolve) => setTimeout(resolve, outage * 1_000));
  talker.say({ type: 'wave', sendto: far.id });
  await nats.again();
  for (const server of [a, b]) await until(server, 'onair_bus_connected', 1);
  await far.until(() => far.inbox.length >= 2);
  assert.deepEqual(far.inbox.map(({ type }) => type).sort(), ['talk_ready', 'wave']);
  far.say({ type: 'talk_request', sendto: talker.id });
  await talker.nextIs('talk_request', { from: far.id, sendto: talker.id });
  await talker.until(() => talker.audience === 2);
  await talker.nextIs('user_disconnected', { id: leaves.id });
  assert.deepEqual((await Client.enter(t, b, 'watch')).welcome.talkers, [talker.id]);
  assert.equal(await admin(a, '/readyz'), 'ready\n');
  assert.equal(far.inbox.length, 2, 'nothing came twice');
  assert.deepEqual(near.inbox, []);
});

test('a server that starts before NATS is joined when NATS is there', bound, async (t) => {
  const nats = await Nats.start(t);
  await nats.kill();
  const [a, b] = [1, 2].map(() => new Server(t, ['--bus', nats.url, '--admin-port', '0']));
  assert.equal((await Client.enter(t, a, 'watch', { room: 'early' })).welcome.type, 'welcome');
  await nats.again();
  for (const server of [a, b]) await until(server, 'onair_bus_processes', 1);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  await Client.watch(t, b, talker);
});

test('one of three NATS servers may die', bound, async (t) => {
  const cluster = await Nats.cluster(t, 3);
  const [a, b] = await servers(t, 2, cluster.map(({ url }) => url).join(','));
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  const viewer = await Client.enter(t, b, 'watch');
  for (const nats of cluster.slice(0, 2)) {
    await nats.kill();
    for (const server of [a, b]) await until(server, 'onair_bus_connected', 1);
    await nats.again();
  }
  for (;;) {
    viewer.say({ type: 'wave', sendto: talker.id });
    const heard = await Promise.race([talker.next(), new Promise((resolve) => setTimeout(resolve, 500))]);
    if (heard) break;
  }
  assert.deepEqual(viewer.inbox.filter(({ type }) => type === 'user_disconnected'), []);
});

test('JetStream decides who of two talks, and one that was cut off stands back', bound, async (t) => {
  const nats = await Nats.start(t);
  const path = await Path.to(t, nats.port);
  const [a] = [new Server(t, ['--bus', path.url, '--admin-port', '0', '--grace', '1'])];
  const b = new Server(t, ['--bus', nats.url, '--admin-port', '0', '--grace', '1']);
  for (const server of [a, b]) await until(server, 'onair_bus_processes', 1);
  const first = await Client.enter(t, a, 'talk');
  first.say({ type: 'talk_ready' });
  const viewer = await Client.watch(t, b, first);
  path.cut();
  await until(a, 'onair_bus_connected', 0);
  await viewer.nextIs('user_disconnected', { id: first.id });
  const second = await Client.enter(t, b, 'talk');
  assert.equal(second.welcome.type, 'welcome');
  first.say({ type: 'ping' });
  assert.equal((await first.next()).type, 'pong', 'it goes on where it is');
  path.mend();
  await until(a, 'onair_bus_connected', 1);
  assert.equal((await first.next()).code, 'room_taken');
  second.say({ type: 'ping' });
  assert.equal((await second.next()).type, 'pong');
  for (const server of [a, b]) assert.equal(await metric(server, 'onair_bus_leases'), 1);
});

/** Whether a server that ends said so to one who came: it lets nobody new in. */
const is_ending = ({ message }) => /ECONNREFUSED|ECONNRESET|socket hang up|response: 503|closed with 1012/.test(message);

/** One who comes back by itself to the next server that serves, as behind a load balancer. */
class Traveller {
  static async enter(t, seats, role) {
    const one = new Traveller();
    Object.assign(one, { t, seats, role, heard: new Map(), gone: [], said: 0, moves: 0, news: () => {} });
    await one.#go();
    return one;
  }

  async #go(more = {}) {
    const client = await this.#next_client(more);
    assert.equal(client.welcome.type, 'welcome', JSON.stringify(client.welcome));
    this.id ??= client.id;
    assert.equal(client.id, this.id);
    this.client = client;
    this.#serve(client).catch((error) => this.#fail(error));
    this.news();
  }

  async #next_client(more) {
    for (let i = Math.floor(Math.random() * this.seats.length); ; ++i) {
      const server = this.seats[i % this.seats.length];
      try {
        if (server) return await Client.enter(this.t, server, this.role, more);
      } catch (error) {
        if (!is_ending(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Hears what comes until the server sends it off, and goes to another. */
  async #serve(client) {
    for (;;) {
      await client.until(() => client.inbox.length > 0).catch(() => {});
      if (client.inbox.length === 0) break;
      this.#take(client.inbox.shift());
      this.news();
    }
    this.client = undefined;
    if (!this.seats.restarting) return;
    assert.equal(client.close_code, 1012);
    this.moves += 1;
    await this.#go({ resume: client.welcome.resume });
  }

  #take(message) {
    if (message.type === 'wave') this.heard.set(message.from, [...this.heard_from(message.from), message.n]);
    else if (message.type === 'user_disconnected') this.gone.push(message.id);
    else if (message.type === 'error') this.#fail(new Error(JSON.stringify(message)));
  }

  #fail(error) {
    this.failed ??= error;
    this.news();
  }

  heard_from(id) {
    return this.heard.get(id) ?? [];
  }

  /** Returns when the condition holds. Throws what went wrong before that. */
  async until(condition) {
    for (;;) {
      assert.ifError(this.failed);
      if (condition()) return;
      await new Promise((resolve) => (this.news = resolve));
    }
  }

  /** Returns when it has heard these numbers, each once, in any order. */
  async hears(id, numbers) {
    const late = setTimeout(() => this.#fail(new Error(`heard ${this.heard_from(id)}, and not ${numbers}`)), 20_000);
    await this.until(() => this.heard_from(id).length >= numbers.length).finally(() => clearTimeout(late));
    assert.deepEqual(this.heard_from(id).toSorted((a, b) => a - b), numbers);
  }

  /** A number to the room or to one; nothing while it has no server. */
  speak(to) {
    if (this.client?.socket.readyState !== WebSocket.OPEN) return undefined;
    this.client.say({ type: 'wave', n: ++this.said, ...(to && { sendto: to.id }) });
    return this.said;
  }
}

test('three processes are restarted one after the other under load, and all is heard once', bound, async (t) => {
  const nats = await Nats.start(t);
  const seats = await servers(t, 3, nats.url);
  seats.restarting = true;
  t.after(() => (seats.restarting = false));
  const talker = await Traveller.enter(t, seats, 'talk');
  talker.client.say({ type: 'talk_ready' });
  const viewers = [];
  for (let i = 0; i < 24; ++i) viewers.push(await Traveller.enter(t, seats, 'watch'));
  const due = new Map([talker, ...viewers].map((one) => [one, []]));
  const load = setInterval(() => {
    const to_all = talker.speak();
    if (to_all) for (const viewer of viewers) due.get(viewer).push([talker, to_all]);
    const one = viewers[Math.floor(Math.random() * viewers.length)];
    const to_one = talker.speak(one);
    if (to_one) due.get(one).push([talker, to_one]);
    for (const viewer of viewers.slice(0, 4)) {
      const n = viewer.speak(viewer.said % 2 ? talker : undefined);
      if (n) due.get(talker).push([viewer, n]);
    }
  }, 5);
  t.after(() => clearInterval(load));
  for (const index of [0, 1, 2]) {
    const ends = seats[index];
    seats[index] = undefined;
    ends.child.kill('SIGTERM');
    assert.deepEqual(await ends.exited, [0, null]);
    seats[index] = new Server(t, ['--bus', nats.url, '--admin-port', '0', '--resume-secret', 'shared by all', '--threads', '2']);
    await until(seats[index], 'onair_bus_processes', 2);
  }
  clearInterval(load);
  const everyone = [talker, ...viewers];
  for (const one of everyone) {
    await one.until(() => one.client);
    const all = new Map();
    for (const [from, n] of due.get(one)) all.set(from.id, [...(all.get(from.id) ?? []), n]);
    for (const [from, numbers] of all) await one.hears(from, numbers);
    assert.deepEqual(one.gone, []);
  }
  t.diagnostic(`${everyone.reduce((sum, one) => sum + one.moves, 0)} moves, ${[...due.values()].flat().length} messages heard`);
  assert.ok(talker.said > 500);
  assert.ok(everyone.reduce((sum, one) => sum + one.moves, 0) >= 25);
});

test('two clusters share one NATS, and what is foreign does no harm', bound, async (t) => {
  const nats = await Nats.start(t);
  const [a, b] = await servers(t, 2, nats.url);
  const other = new Server(t, ['--bus', nats.url, '--bus-prefix', 'other', '--admin-port', '0']);
  await until(other, 'onair_bus_connected', 1);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
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
  talker.say({ type: 'wave', sendto: viewer.id });
  await viewer.nextIs('wave', { from: talker.id, sendto: viewer.id });
  assert.ok((await metric(b, 'onair_bus_foreign_total')) > 20);
});

test('NATS over TLS', bound, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'onair-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'], ...name, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const nats = await Nats.start(t, ['--tls', '--tlscert', certificate, '--tlskey', key]);
  const url = `tls://localhost:${nats.port}`;
  const [a, b] = await servers(t, 2, url, ['--bus-ca', certificate]);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  await Client.watch(t, b, talker);
});

test('a user and a password, or a token', bound, async (t) => {
  for (const [nats_options, options] of [
    [['--user', 'onair', '--pass', 'secret'], ['--bus-user', 'onair', '--bus-password', 'secret']],
    [['--auth', 'secret'], ['--bus-token', 'secret']],
  ]) {
    const nats = await Nats.start(t, nats_options);
    await servers(t, 2, nats.url, options);
    const stranger = new Server(t, ['--bus', nats.url, '--admin-port', '0']);
    await stranger.said(/event=bus_away|can't be used/);
  }
});

test('a file of credentials', bound, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'onair-creds-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { config, creds } = makeAccounts();
  writeFileSync(join(folder, 'nats.conf'), config);
  writeFileSync(join(folder, 'onair.creds'), creds);
  const nats = await Nats.start(t, ['-c', join(folder, 'nats.conf')]);
  const [a, b] = await servers(t, 2, nats.url, ['--bus-creds', join(folder, 'onair.creds')]);
  const talker = await Client.enter(t, a, 'talk');
  talker.say({ type: 'talk_ready' });
  await Client.watch(t, b, talker);
  for (const server of [a, b]) await until(server, 'onair_bus_leases', 1);
  const stranger = new Server(t, ['--bus', nats.url, '--admin-port', '0']);
  await stranger.said(/event=bus_away|can't be used/);
});
