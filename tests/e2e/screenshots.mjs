// Takes the pictures of a running broadcast that the README shows.

import { Chromium, goOnAir, Server } from './support.mjs';

const folder = new URL('screenshots/', import.meta.url).pathname;
const server = await Server.start('--port', '9001');
const chromium = await Chromium.start();
try {
  const talker = await goOnAir(chromium, server, 'lesson');
  const viewer = await chromium.open(`${server.origin}/watch.html?lesson`);
  await viewer.decodesFrames(40);
  await talker.says('viewers', /^1$/);
  for (const [name, page] of Object.entries({ talk: talker, watch: viewer })) {
    await page.page.setViewportSize({ width: 900, height: 640 });
    await page.page.screenshot({ path: `${folder}${name}.png` });
  }
} finally {
  await chromium.stop();
  await server.stop();
}
