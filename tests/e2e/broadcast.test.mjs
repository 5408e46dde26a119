// Tests a broadcast between real browsers with a fake camera and microphone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Chromium, Firefox, Server, goOnAir, pictureOf, until, watchPicture } from './support.mjs';

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

test('broadcasts from Chromium to Chromium: picture, sound, a second viewer, Stop and On Air again', async () => {
  const talker = await goOnAir(chromium, server, 'lesson');
  assert.deepEqual(await talker.evaluate(() => window.testConstraints), {
    audio: true,
    video: { width: 1280, height: 720 },
  });
  assert.equal(await talker.evaluate(() => document.getElementById('local-video').muted), true);

  const viewer = await chromium.open(`${server.origin}/watch.html?lesson`);
  await viewer.decodesFrames();
  await viewer.hearsSound();
  await until('the picture is on the page', () =>
    viewer.evaluate(() => document.getElementById('remote-video').videoWidth === 320),
  );
  await until('the data channel is open', async () => (await viewer.stats()).channel === 'open');
  await viewer.shows('badge');

  const second = await chromium.open(`${server.origin}/watch.html?lesson`);
  await second.decodesFrames();
  await viewer.decodesFrames();
  await talker.says('viewers', /^2$/);
  await talker.says('watching', /^2$/);

  await talker.press('stop-video');
  await viewer.says('cover', /ended/);
  await second.says('cover', /ended/);
  for (const [page, id] of /** @type {const} */ ([[viewer, 'remote-video'], [talker, 'local-video']])) {
    await until(`#${id} lets go of its stream`, () =>
      page.evaluate((name) => document.getElementById(name)?.srcObject === null, id),
    );
  }
  assert.equal(await talker.openConnections(), 0);
  assert.equal(await viewer.openConnections(), 0);

  await talker.press('on-air');
  await talker.says('notice', /Start video/);
  await talker.press('start-video');
  await viewer.decodesFrames();
  await second.decodesFrames();
  await talker.press('on-air');
  await viewer.decodesFrames();
  assert.equal(await talker.openConnections(), 2, 'On Air again keeps the viewers’ connections');

  await second.close();
  await talker.says('viewers', /^1$/);
  for (const page of [talker, viewer]) assert.deepEqual(page.errors, []);
  await viewer.close();
  await talker.close();
});

test('gives an early viewer the picture without a click', async () => {
  const viewer = await chromium.open(`${server.origin}/watch.html?first`);
  await viewer.says('cover', /Waiting/);
  const talker = await goOnAir(chromium, server, 'first');
  await viewer.decodesFrames();
  await viewer.close();
  await talker.close();
});

test('asks the room by Request', async () => {
  const viewer = await chromium.open(
    `${server.origin}/watch.html?ask`,
    "localStorage.setItem('onair-trace', '')",
  );
  const talker = await chromium.open(`${server.origin}/talk.html?ask`);
  await talker.says('link', /Connected/);
  await viewer.press('request');
  await until('the talker declines', () =>
    viewer.console.some((line) => line.includes('talk_declined')),
  );
  await viewer.says('cover', /Waiting/);
  await viewer.close();
  await talker.close();
});

test('separates rooms, whose names may be in any script', async () => {
  const room = encodeURIComponent('教室 1');
  const talker = await goOnAir(chromium, server, room);
  await talker.says('room', /^教室 1$/);
  const viewer = await chromium.open(`${server.origin}/watch.html?${room}`);
  const stranger = await chromium.open(`${server.origin}/watch.html?1`);
  await viewer.decodesFrames();
  await stranger.says('cover', /Waiting/);
  assert.equal(await stranger.openConnections(), 0);
  for (const page of [viewer, stranger, talker]) await page.close();
});

test('switches from camera to screen without a new connection', async () => {
  const talker = await goOnAir(chromium, server, 'screen');
  const viewer = await chromium.open(`${server.origin}/watch.html?screen`);
  await viewer.decodesFrames();
  // A canvas replaces the screen, since a headless browser has none.
  await talker.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 400;
    canvas.height = 200;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    setInterval(() => {
      context.fillStyle = `hsl(${Date.now() % 360} 80% 50%)`;
      context.fillRect(0, 0, 400, 200);
    }, 50);
    navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(20);
  });
  await watchPicture(viewer);
  await talker.press('start-screen');
  await until('the viewer sees the screen', () =>
    viewer.evaluate(() => document.getElementById('remote-video').videoWidth === 400),
  );
  await viewer.decodesFrames();
  const { black, gap } = await pictureOf(viewer);
  console.log(`# the longest time without a frame at the switch: ${Math.round(gap)} ms`);
  assert.equal(black, 0, 'no black frame is shown');
  assert.ok(gap < 1_000, 'the picture does not stand still');
  assert.equal(await viewer.evaluate(() => window.testConnections.length), 1);
  await viewer.close();
  await talker.close();
});

describe('with Firefox', () => {
  /** @type {Firefox} */
  let firefox;
  before(async () => {
    firefox = await Firefox.start();
  });
  after(() => firefox?.stop());

  test('broadcasts from Chromium to Firefox', async () => {
    const talker = await goOnAir(chromium, server, 'to-firefox');
    const viewer = await firefox.open(`${server.origin}/watch.html?to-firefox`);
    await viewer.decodesFrames();
    await viewer.hearsSound();
    await viewer.close();
    await talker.says('viewers', /^0$/);
    await talker.close();
  });

  test('broadcasts from Firefox to Chromium', async () => {
    const talker = await goOnAir(firefox, server, 'from-firefox');
    const viewer = await chromium.open(`${server.origin}/watch.html?from-firefox`);
    await viewer.decodesFrames();
    await viewer.hearsSound();
    await talker.press('stop-video');
    await viewer.says('cover', /ended/);
    await viewer.close();
    await talker.close();
  });
});
