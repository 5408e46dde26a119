// Tests the server with real stock clients of socket.io, of 2.x and 4.x. With ONAIR_SERVER and ONAIR_SITE set as by
// scripts/test.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

import { io as io4 } from 'socket.io-client';
import io2 from 'socket.io-client-2';
import { WebSocket } from 'ws';

import { Server } from './server.mjs';

/**
 * @typedef {import('node:test').TestContext} TestContext
 * @typedef {Partial<import('socket.io-client').ManagerOptions & import('socket.io-client').SocketOptions>} Options
 */

const CLIENTS = { '2.x': io2, '4.x': io4 };
/** @type {Record<string, Options>} */
const TRANSPORTS = {
  'polling alone': { transports: ['polling'] },
  'WebSocket alone': { transports: ['websocket'] },
  upgrade: {},
};

/** The events that a client of either kind received, in order. `next` waits for the next one. */
class Inbox {
  /** @type {[event: string, data: any][]} any: whatever JSON a client is sent, which the test looks into */
  items = [];
  news = () => {};

  /** @type {(event: string, data: unknown) => void} */
  add(event, data) {
    this.items.push([event, data]);
    this.news();
  }

  async next() {
    for (;;) {
      const item = this.items.shift();
      if (item) return item;
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.news = resolve)));
    }
  }
}

/**
 * Starts a client of socket.io and enters a room, as the pages of the original JavaScript program (the seed) do.
 * @param {TestContext} t
 * @param {number} port
 * @param {{ io?: typeof io4, room?: string | null, options?: Options, scheme?: string }} how
 */
async function seed(t, port, { io = io4, room = 'lesson', options = {}, scheme = 'http' } = {}) {
  const socket = io(`${scheme}://127.0.0.1:${port}/`, { forceNew: true, ...options });
  t.after(() => socket.close());
  const inbox = new Inbox();
  for (const event of ['message', 'user disconnected', 'disconnect']) {
    socket.on(event, (data) => inbox.add(event, data));
  }
  // 2.x also reports changes of its connection by this event.
  socket.on('error', (data) => data.type === 'error' && inbox.add('error', data));
  await connected(socket);
  const { id } = socket;
  if (room !== null) socket.emit('enter', room);
  return { socket, inbox, id, next: () => inbox.next() };
}

/**
 * @param {import('socket.io-client').Socket} socket
 * @returns {Promise<void>}
 */
const connected = (socket) => new Promise((resolve) => socket.once('connect', resolve));

/**
 * Starts one of our own clients.
 * @param {TestContext} t
 * @param {number} port
 * @param {'talk' | 'watch'} role
 * @param {string} [token]
 */
async function own(t, port, role, room = 'lesson', token) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  t.after(() => socket.terminate());
  const inbox = new Inbox();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.type !== 'audience') inbox.add(message.type, message);
  });
  await once(socket, 'open');
  /** @param {object} message */
  const send = (message) => socket.send(JSON.stringify(message));
  send({ type: 'enter', room, role, token });
  const [type, welcome] = await inbox.next();
  assert.equal(type, 'welcome', JSON.stringify(welcome));
  return { socket, send, id: welcome.id, welcome, next: () => inbox.next() };
}

/**
 * Waits until the server has handled all messages of `who` so far: it sends a message to itself.
 * @param {Awaited<ReturnType<typeof seed>>} who
 */
async function settled(who) {
  who.socket.emit('message', { type: 'echo', sendto: who.id });
  for (;;) {
    const [event, data] = await who.next();
    if (event === 'message' && data.type === 'echo') return;
    assert.fail(`unexpected ${event} ${JSON.stringify(data)}`);
  }
}

/** @type {(server: Server, name: string) => Promise<number>} */
const metric = async (server, name) => {
  const port = Number((await server.logged(/Metrics: \S+:(\d+)/))[1]);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
};

for (const [version, io] of Object.entries(CLIENTS)) {
  for (const [way, options] of Object.entries(TRANSPORTS)) {
    test(`${version}, ${way}: relays like the original server`, async (t) => {
      const port = await new Server(t, ['--threads', '3']).port();
      const [talker, viewer, third] = await Promise.all([1, 2, 3].map(() => seed(t, port, { io, options })));
      const elsewhere = await seed(t, port, { io, options, room: 'other' });
      for (const one of [talker, viewer, third, elsewhere]) await settled(one);

      talker.socket.send({ type: 'talk_ready', text: '教室 🎉', list: [1.5, null, { a: '"' }] });
      const ready = { type: 'talk_ready', text: '教室 🎉', list: [1.5, null, { a: '"' }], from: talker.id };
      assert.deepEqual(await viewer.next(), ['message', ready]);
      assert.deepEqual(await third.next(), ['message', ready]);

      viewer.socket.send({ type: 'talk_request', sendto: talker.id, from: 'forged' });
      assert.deepEqual(await talker.next(), ['message', { type: 'talk_request', sendto: talker.id, from: viewer.id }]);
      talker.socket.send({ type: 'offer', sendto: viewer.id, sdp: 'v=0\r\n' });
      assert.deepEqual(await viewer.next(), [
        'message', { type: 'offer', sendto: viewer.id, sdp: 'v=0\r\n', from: talker.id },
      ]);
      third.socket.send({ sendto: '_broadcast_all_', any: 'object' });
      for (const one of [talker, viewer]) {
        assert.deepEqual(await one.next(), ['message', { sendto: '_broadcast_all_', any: 'object', from: third.id }]);
      }

      viewer.socket.close();
      for (const one of [talker, third]) assert.deepEqual(await one.next(), ['user disconnected', { id: viewer.id }]);
      for (const one of [talker, third, elsewhere]) await settled(one);
      if (way === 'upgrade') assert.equal(talker.socket.io.engine.transport.name, 'websocket');
    });

    test(`${version}, ${way}: stays connected by heartbeats`, async (t) => {
      const port = await new Server(t, ['--idle-timeout', '0.4']).port();
      const one = await seed(t, port, { io, options });
      await settled(one);
      let beats = 0;
      const { engine } = one.socket.io;
      /** @type {Promise<void>} */
      const five = new Promise((resolve) => {
        engine.on(io === io2 ? 'pong' : 'ping', () => (beats += 1) === 5 && resolve());
      });
      await five;
      await settled(one);
    });

    test(`${version}, ${way}: reconnects after the server was killed`, async (t) => {
      const first = new Server(t);
      const port = await first.port();
      const [a, b] = await Promise.all(
        [1, 2].map(() => seed(t, port, { io, options: { ...options, reconnectionDelay: 20, reconnectionDelayMax: 50 } })),
      );
      await settled(a);
      await settled(b);
      first.child.kill('SIGKILL');
      await first.exited;
      const back = [a, b].map(async (one) => {
        assert.equal((await one.next())[0], 'disconnect');
        await connected(one.socket);
        one.id = one.socket.id;
        one.socket.emit('enter', 'lesson');
      });
      await new Server(t, ['--port', String(port)]).port();
      await Promise.all(back);
      await settled(a);
      await settled(b);
      a.socket.send({ type: 'talk_ready' });
      assert.deepEqual(await b.next(), ['message', { type: 'talk_ready', from: a.id }]);
    });
  }

  test(`${version}: puts a client without a room into the default room`, async (t) => {
    const port = await new Server(t, ['--threads', '3']).port();
    const [a, b] = await Promise.all([1, 2].map(() => seed(t, port, { io, room: null })));
    const named = await seed(t, port, { io, room: 'lesson' });
    const ours = await own(t, port, 'watch', '_defaultroom');
    for (const one of [a, b, named]) await settled(one);
    a.socket.send({ type: 'talk_ready' });
    assert.deepEqual(await b.next(), ['message', { type: 'talk_ready', from: a.id }]);
    assert.deepEqual(await ours.next(), ['talk_ready', { type: 'talk_ready', from: a.id }]);
    await settled(named);
  });

  test(`${version}: connects a talker of socket.io with our viewers`, async (t) => {
    const port = await new Server(t, ['--threads', '3']).port();
    const talker = await seed(t, port, { io, room: '%E6%95%99%E5%AE%A4' });
    const viewer = await own(t, port, 'watch', '教室');
    await settled(talker);
    talker.socket.send({ type: 'talk_ready' });
    assert.deepEqual(await viewer.next(), ['talk_ready', { type: 'talk_ready', from: talker.id }]);
    const late = await own(t, port, 'watch', '教室');
    assert.deepEqual(late.welcome.talkers, [talker.id]);
    for (const one of [viewer, late]) {
      one.send({ type: 'talk_request', sendto: talker.id });
      assert.equal((await talker.next())[1].from, one.id);
      talker.socket.send({ type: 'offer', sdp: 'v=0', sendto: one.id });
      assert.deepEqual(await one.next(), [
        'offer', { type: 'offer', sdp: 'v=0', sendto: one.id, from: talker.id },
      ]);
    }
    viewer.send({ type: 'candidate', sendto: talker.id, candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 });
    viewer.send({ type: 'candidate', sendto: talker.id, candidate: null });
    viewer.send({ type: 'bye', sendto: talker.id });
    assert.equal((await talker.next())[1].type, 'candidate');
    assert.equal((await talker.next())[1].type, 'bye');
    viewer.socket.close(1000);
    assert.deepEqual(await talker.next(), ['user disconnected', { id: viewer.id }]);
    talker.socket.close();
    assert.deepEqual(await late.next(), ['user_disconnected', { type: 'user_disconnected', id: talker.id }]);
  });

  test(`${version}: connects our talker with viewers of socket.io`, async (t) => {
    const port = await new Server(t, ['--threads', '3']).port();
    const talker = await own(t, port, 'talk');
    const viewer = await seed(t, port, { io });
    await settled(viewer);
    talker.send({ type: 'talk_ready' });
    assert.deepEqual(await viewer.next(), ['message', { type: 'talk_ready', from: talker.id }]);
    viewer.socket.send({ type: 'talk_request' });
    assert.deepEqual(await talker.next(), ['talk_request', { type: 'talk_request', from: viewer.id }]);
    talker.send({ type: 'offer', sdp: 'v=0', connection: 7, sendto: viewer.id });
    assert.equal((await viewer.next())[1].sdp, 'v=0');
    viewer.socket.send({ type: 'answer', sdp: 'v=0' });
    assert.deepEqual(await talker.next(), ['answer', { type: 'answer', sdp: 'v=0', from: viewer.id }]);
    talker.socket.close(1000);
    assert.deepEqual(await viewer.next(), ['user disconnected', { id: talker.id }]);
    viewer.socket.close();
  });

  test(`${version}: reports errors, and disconnects for good or to reconnect`, async (t) => {
    const server = new Server(t, ['--threads', '2']);
    const port = await server.port();
    const talker = await own(t, port, 'talk');
    const viewer = await seed(t, port, { io });
    await settled(viewer);
    viewer.socket.send({ type: 'offer', sendto: 'nobody' });
    let [event, data] = await viewer.next();
    assert.deepEqual([event, data.code], ['error', 'no_such_peer']);
    talker.send({ type: 'remove_peer', id: viewer.id });
    [event, data] = await viewer.next();
    assert.deepEqual([event, data.code], ['error', 'removed']);
    assert.deepEqual(await viewer.next(), ['disconnect', 'io server disconnect']);

    const other = await seed(t, port, { io });
    await settled(other);
    server.child.kill('SIGTERM');
    assert.deepEqual(await other.next(), ['disconnect', 'transport close']);
    assert.deepEqual(await server.exited, [0, null]);
  });

  test(`${version}: checks tokens`, async (t) => {
    const secret = 'a secret of 32 bytes, or of more';
    const port = await new Server(t, ['--auth', 'all', '--auth-secret', secret]).port();
    const stranger = await seed(t, port, { io });
    let [event, data] = await stranger.next();
    assert.deepEqual([event, data.code], ['error', 'token_required']);
    stranger.socket.send({ type: 'talk_ready' });
    [event, data] = await stranger.next();
    assert.deepEqual([event, data.code], ['error', 'not_entered']);

    /** @param {'talk' | 'watch'} role */
    const mint = async (role) => {
      const { createHmac } = await import('node:crypto');
      /** @param {object} object */
      const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
      const exp = Math.floor(Date.now() / 1000) + 600;
      const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ room: 'lesson', role, exp })}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const viewer = await own(t, port, 'watch', 'lesson', await mint('watch'));
    /** @param {'talk' | 'watch'} role */
    const with_token = async (role) => {
      const token = await mint(role);
      return seed(t, port, { io, options: io === io2 ? { query: { token } } : { auth: { token } } });
    };
    const watcher = await with_token('watch');
    await settled(watcher);
    watcher.socket.send({ type: 'talk_ready' });
    const talker = await with_token('talk');
    await settled(talker);
    talker.socket.send({ type: 'talk_ready' });
    assert.deepEqual(await viewer.next(), ['talk_ready', { type: 'talk_ready', from: talker.id }]);
  });

  test(`${version}: refuses other namespaces`, async (t) => {
    const port = await new Server(t).port();
    const socket = io(`http://127.0.0.1:${port}/admin`, { forceNew: true });
    t.after(() => socket.close());
    const [error] = await once(socket, io === io2 ? 'error' : 'connect_error');
    assert.match(String(error.message ?? error), /Invalid namespace/);
  });

  test(`${version}: refuses binary data`, async (t) => {
    const port = await new Server(t).port();
    for (const options of Object.values(TRANSPORTS)) {
      const one = await seed(t, port, { io, options: { ...options, reconnection: false } });
      await settled(one);
      one.socket.send({ type: 'offer', bytes: Buffer.from([1, 2, 3]) });
      const [event, data] = await one.next();
      assert.deepEqual([event, data.code], ['error', 'binary_frame']);
      assert.equal((await one.next())[0], 'disconnect');
    }
  });
}

test('joins clients of both versions and ours in a room', async (t) => {
  const port = await new Server(t, ['--threads', '3']).port();
  const two = await seed(t, port, { io: io2 });
  const four = await seed(t, port, { io: io4 });
  const ours = await own(t, port, 'watch');
  for (const one of [two, four]) await settled(one);
  two.socket.send({ type: 'talk_ready' });
  assert.equal((await four.next())[1].from, two.id);
  assert.equal((await ours.next())[1].from, two.id);
  ours.send({ type: 'talk_request', sendto: two.id });
  assert.equal((await two.next())[1].from, ours.id);
});

test('upgrades to a WebSocket over TLS too', async (t) => {
  const port = await new Server(t, ['--tls-self-signed', '--threads', '3']).port();
  for (const io of Object.values(CLIENTS)) {
    for (const options of Object.values(TRANSPORTS)) {
      const one = await seed(t, port, { io, options: { ...options, rejectUnauthorized: false }, scheme: 'https' });
      await settled(one);
      if (!options.transports && one.socket.io.engine.transport.name !== 'websocket') {
        await new Promise((resolve) => one.socket.io.engine.once('upgrade', resolve));
        await settled(one);
      }
    }
  }
});

test('counts these clients in the metrics', async (t) => {
  const server = new Server(t, ['--admin-port', '0', '--threads', '2']);
  const port = await server.port();
  const polling = await seed(t, port, { options: { transports: ['polling'] } });
  const websocket = await seed(t, port, { options: { transports: ['websocket'] } });
  for (const one of [polling, websocket]) await settled(one);
  assert.equal(await metric(server, 'onair_polling_clients'), 1);
  assert.equal(await metric(server, 'onair_websockets'), 1);
  assert.equal(await metric(server, 'onair_peers'), 2);
});

test('serves the client’s script from the operator’s folder', async (t) => {
  const dist = fileURLToPath(new URL('../node_modules/socket.io-client/dist', import.meta.url));
  const port = await new Server(t, ['--socketio-client', dist]).port();
  const script = await fetch(`http://127.0.0.1:${port}/socket.io/socket.io.js`);
  assert.equal(script.status, 200);
  assert.match(String(script.headers.get('content-type')), /javascript/);
  assert.match(await script.text(), /Socket\.IO v4/);
  const without = await new Server(t).port();
  const missing = await fetch(`http://127.0.0.1:${without}/socket.io/socket.io.js`);
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /npm package socket\.io-client.*--socketio-client/);
});
