// A crowd that outgrows the talker's browser: what scripts/demo-crowd shows, with few light viewers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { LightCrowd } from './light_crowd.mjs';
import { MediaServer } from './media.mjs';
import { Chromium, goOnAir, isForwarded, pictureOf, until, watchPicture } from './support.mjs';

const size = 20;

/** @type {MediaServer} */
let server;
/** @type {Chromium} */
let chromium;
/** @type {LightCrowd | undefined} */
let crowd;

before(async () => {
  server = await MediaServer.start('--forward', '10');
  chromium = await Chromium.start();
});

after(async () => {
  await crowd?.stop();
  await chromium?.stop();
  await server?.stop();
});

test('a crowd comes by the media server, the studio counts it, and a viewer keeps its picture', async (t) => {
  const talker = await goOnAir(chromium, server, 'light');
  const viewer = await chromium.open(`${server.origin}/watch.html?light`);
  await viewer.decodesFrames();
  await talker.says('viewers', /^1$/);
  assert.equal(await isForwarded(viewer), false);
  await watchPicture(viewer);

  crowd = new LightCrowd(server, 'light', size, { perSecond: 20, seconds: 3_600 });
  const { viewers, pictures, failures } = await crowd.joined;
  assert.deepEqual({ viewers, pictures, failures }, { viewers: size, pictures: size, failures: {} });
  await talker.says('viewers', new RegExp(`^${size + 1}$`));
  await talker.says('watching', new RegExp(`^${size + 1}$`));
  await talker.says('way', new RegExp(`passes it on, to ${size + 1} viewers`));
  assert.equal(await talker.openConnections(), 1, 'the picture is sent once');
  await until('the viewer has moved', () => isForwarded(viewer));
  const earlier = await pictureOf(viewer);
  await until('the viewer’s picture goes on', async () => (await pictureOf(viewer)).frames > earlier.frames);
  await crowd.stop();
  const { frames, gap } = await pictureOf(viewer);
  assert.ok(gap < 1_000, `the picture stood still for ${gap} ms`);
  t.diagnostic(`${frames} frames, ${Math.round(gap)} ms without one at most`);

  await talker.says('viewers', /^1$/);
  await talker.says('watching', /^1$/);
});
