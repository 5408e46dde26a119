// A hostile viewer attacks a broadcaster's page in a real browser. The honest viewers lose nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Chromium, goOnAir, Server, until } from './support.mjs';

/** @type {Server} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await Server.start();
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

/** @param {string} room */
async function watch(room) {
  const viewer = await chromium.open(`${server.origin}/watch.html?${room}`);
  await viewer.decodesFrames();
  return viewer;
}

/**
 * Enters as a viewer and sends the frames.
 * @param {string} room
 * @param {object[]} frames
 * @param {number} times that it does all of that, each time under a new id
 */
async function attack(room, frames, times = 1) {
  const page = await chromium.open(`${server.origin}/style.css`);
  await page.evaluate(
    async (passed) => {
      for (let i = 0; i < passed.times; ++i) {
        const socket = new WebSocket(`ws://${location.host}/ws`);
        await new Promise((resolve) => (socket.onopen = resolve));
        socket.send(JSON.stringify({ type: 'enter', room: passed.room, role: 'watch' }));
        await new Promise((resolve) => (socket.onmessage = resolve));
        for (const frame of passed.frames) socket.send(JSON.stringify(frame));
        // The server answers in order, so all frames have been relayed.
        socket.send(JSON.stringify({ type: 'ping' }));
        await new Promise((resolve) => {
          socket.onmessage = ({ data }) => data.includes('"pong"') && resolve(undefined);
        });
        socket.close(1000);
      }
    },
    { room, frames, times },
  );
  await page.close();
}

const request = { type: 'talk_request' };
for (const [name, frames, times] of /** @type {[string, object[], number][]} */ ([
  ['a thousand requests', Array.from({ length: 1000 }, () => request), 1],
  ['six hundred requests, each under a new id', [request], 600],
])) {
  test(`a broadcaster’s page bears ${name}`, async () => {
    const room = `bears${name.length}`;
    const talker = await goOnAir(chromium, server, room);
    const viewer = await watch(room);
    await attack(room, frames, times);
    await viewer.decodesFrames();
    assert.equal(await viewer.evaluate(() => window.testConnections.length), 1, 'it kept its connection');
    const created = await talker.evaluate(() => window.testConnections.length);
    assert.ok(created < 300, `${created} connections were created`);
    const late = await watch(room);
    await until('only the viewers are left', async () => (await talker.openConnections()) === 2);
    for (const page of [talker, viewer, late]) {
      assert.deepEqual(page.errors, []);
      await page.close();
    }
  });
}
