// Takes pictures of the pages. Without arguments: the README's pictures. With a folder: each page in each
// state, on a desktop and a phone, in both languages and both colour schemes, for people to look at.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Chromium, goOnAir, Server, until } from './support.mjs';

const desktop = { width: 1200, height: 760 };
const phone = { width: 390, height: 844 };
const sideways = { width: 844, height: 390 };

const server = await Server.start('--port', '9001', '--talkers-per-room', '2');
const chromium = await Chromium.start();
/**
 * @typedef {import('./support.mjs').Options} Options
 * @typedef {import('./support.mjs').Page} Page
 */

/** @type {(path: string, options: Options) => Promise<Page>} */
const open = (path, options) => chromium.open(`${server.origin}/${path}`, undefined, options);

/** @type {(room: string, lines: string[], options: Options) => Promise<{ talker: Page, viewer: Page }>} */
async function broadcast(room, lines, options) {
  const talker = await goOnAir(chromium, server, room, options);
  const viewer = await open(`watch.html?${room}`, options);
  await viewer.decodesFrames(40);
  await viewer.write(lines[0], lines[2]);
  await talker.write(lines[1]);
  await viewer.shows('signal');
  await talker.says('audience', /Mbit/);
  return { talker, viewer };
}

const english = ['Good morning! The picture is very clear.', 'Welcome, everyone. We begin in a minute.', 'Aki'];
const japanese = ['おはようございます。よく見えています。', 'ようこそ。まもなく始めます。', '秋'];

/** @param {string} folder */
async function forReadme(folder) {
  const { talker, viewer } = await broadcast('lesson', english, { viewport: desktop, colorScheme: 'dark' });
  /** @type {(page: Page, name: string) => Promise<unknown>} */
  const shoot = async (page, name) => page.page.screenshot({ path: `${folder}${name}.png` });
  await talker.page.click('#show-qr');
  await until('the code is there', () => talker.evaluate(() => document.getElementById('qr').naturalWidth > 0));
  await shoot(talker, 'talk');
  await shoot(viewer, 'watch');
  const start = await open('', { viewport: desktop, colorScheme: 'light' });
  await shoot(start, 'start');
  const small = await open('watch.html?lesson', { viewport: phone, colorScheme: 'light', locale: 'ja' });
  await small.decodesFrames(40);
  await shoot(small, 'phone');
}

/** @param {string} folder */
async function forLooking(folder) {
  mkdirSync(folder, { recursive: true });
  for (const [locale, lines] of Object.entries({ en: english, ja: japanese })) {
    for (const colorScheme of /** @type {const} */ (['dark', 'light'])) {
      for (const [size, viewport] of Object.entries({ desktop, phone, sideways })) {
        const options = { viewport, colorScheme, locale };
        /** @type {(page: Page, name: string) => Promise<unknown>} */
        const shoot = (page, name) =>
          page.page.screenshot({ path: `${folder}/${name}-${size}-${locale}-${colorScheme}.png`, fullPage: size === 'phone' });
        const room = `${locale}${colorScheme}${size}`;
        const start = await open('', options);
        await shoot(start, 'start');
        await start.close();
        const idle = await open(`talk.html?${room}-idle`, options);
        await idle.says('link', /./);
        await shoot(idle, 'talk-idle');
        if (size !== 'desktop') {
          await idle.page.click('#more');
          await shoot(idle, 'talk-more');
        }
        await idle.press('preview');
        await until('a preview', () => idle.evaluate(() => document.documentElement.dataset.stage === 'preview'));
        await shoot(idle, 'talk-preview');
        await idle.close();
        const waiting = await open(`watch.html?${room}-idle`, options);
        await waiting.says('cover', /./);
        await shoot(waiting, 'watch-waiting');
        await waiting.close();
        const { talker, viewer } = await broadcast(room, lines, options);
        await talker.page.click('#microphone');
        await shoot(talker, 'talk-live');
        await viewer.page.hover('#stage');
        await viewer.page.click('#signal');
        await shoot(viewer, 'watch-live');
        await talker.press('lock');
        await talker.says('locked', /./);
        await shoot(talker, 'talk-locked');
        const late = await open(`watch.html?${room}`, options);
        await late.says('cover', /locked|鍵/); // its button is disabled from the start, and says nothing
        await shoot(late, 'watch-locked');
        await late.close();
        await talker.press('lock'); // unlocks it, or the second talker would be kept out
        await until('the room is open', () => talker.evaluate(() => document.getElementById('locked').textContent === ''));
        const second = await goOnAir(chromium, server, room, options);
        await until('two pictures', () => viewer.evaluate(() => document.querySelectorAll('#stage video').length === 2));
        await viewer.decodesFrames(20);
        await shoot(viewer, 'watch-two');
        const third = await open(`talk.html?${room}`, options);
        await third.shows('elsewhere');
        await shoot(third, 'talk-taken');
        for (const page of [second, third]) await page.close();
        await talker.press('stop-video');
        await viewer.shows('badge', false);
        await shoot(viewer, 'watch-ended');
        await talker.close();
        await viewer.close();
      }
    }
  }
}

try {
  if (process.argv[2]) await forLooking(process.argv[2]);
  else await forReadme(fileURLToPath(new URL('screenshots/', import.meta.url)));
} finally {
  await chromium.stop();
  await server.stop();
}
