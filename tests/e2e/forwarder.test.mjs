// Tests onair-forwarder with real browsers: WHIP in, WHEP out, and the room's own pages.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { connect, MediaServer } from './media.mjs';
import { Chromium, goOnAir } from './support.mjs';

/** @type {MediaServer} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await MediaServer.start();
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

test('a WHIP broadcaster is seen and heard by WHEP players and on the room’s own page', async () => {
  const talker = await connect(chromium, server, 'whip', 'lesson');
  const player = await connect(chromium, server, 'whep', 'lesson');
  await player.page.decodesFrames();
  await player.page.hearsSound();
  assert.equal((await player.page.stats()).width, 320);

  const viewer = await chromium.open(`${server.origin}/watch.html?lesson`);
  await viewer.decodesFrames();
  await viewer.hearsSound();

  const ended = await talker.page.evaluate(
    async (location) => (await fetch(location, { method: 'DELETE' })).status,
    talker.location,
  );
  assert.equal(ended, 200);
  await viewer.says('cover', /ended/);
});

test('a browser’s broadcast is seen by WHEP players', async () => {
  const talker = await goOnAir(chromium, server, 'browser');
  const player = await connect(chromium, server, 'whep', 'browser');
  await player.page.decodesFrames();
  await player.page.hearsSound();
  await talker.says('audience', /^Media server \(players: 1\)live/);
  await talker.says('viewers', /^1$/);
  await talker.says('watching', /^1$/);
  const second = await connect(chromium, server, 'whep', 'browser');
  await talker.says('audience', /^Media server \(players: 2\)live/);
  await talker.says('seen', /^Watching live: 2$/);
  await second.page.close();
  await talker.press('stop-video');
  await talker.page.close();
  await player.page.close();
});

test('pictures go on while the server is killed, and the next one knows its encoders and players', async () => {
  const talker = await connect(chromium, server, 'whip', 'killed');
  const player = await connect(chromium, server, 'whep', 'killed');
  await player.page.decodesFrames();
  await server.kill();
  await player.page.decodesFrames(41); // without a server

  await server.restart();
  const viewer = await chromium.open(`${server.origin}/watch.html?killed`);
  await viewer.decodesFrames();
  const remove = (/** @type {string} */ location) =>
    talker.page.evaluate(async (path) => (await fetch(path, { method: 'DELETE' })).status, location);
  assert.equal(await remove(player.location), 200);
  assert.equal(await remove(talker.location), 200);
});
