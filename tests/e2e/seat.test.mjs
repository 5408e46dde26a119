// Tests the viewer's page, and what all pages have in common.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { watchAsNewcomer } from './newcomer.mjs';
import { probe, recorded, recordFor, seek } from './recordings.mjs';
import { Chromium, Firefox, goOnAir, Page, Server, until } from './support.mjs';

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

/** @type {(path: string, options?: import('./support.mjs').Options) => Promise<Page>} */
const open = (path, options) => chromium.open(`${server.origin}/${path}`, undefined, options);

/** @param {Page[]} pages */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }
}

/** @type {(page: Page, property: 'muted' | 'paused' | 'volume') => Promise<boolean | number>} */
const video = (page, property) => page.evaluate((name) => document.getElementById('remote-video')[name], property);

test('plays, pauses, mutes and fills the screen by keyboard and buttons', async () => {
  const talker = await goOnAir(chromium, server, 'keys');
  const viewer = await open('watch.html?keys');
  await viewer.decodesFrames();
  /** @param {string} key */
  const press = (key) => viewer.page.keyboard.press(key);
  await press('m');
  assert.equal(await video(viewer, 'muted'), true);
  await press('M');
  assert.equal(await video(viewer, 'muted'), false);
  await press(' ');
  await until('the picture pauses', () => video(viewer, 'paused'));
  await press(' ');
  await until('the picture plays', async () => !(await video(viewer, 'paused')));
  await press('f');
  await until('the picture fills the screen', () => viewer.evaluate(() => document.fullscreenElement?.id === 'stage'));
  await press('f');
  await until('the picture leaves the full screen', () => viewer.evaluate(() => document.fullscreenElement === null));
  await viewer.says('signal', /Good · \d+ ms/);
  await viewer.page.hover('#stage');
  await viewer.page.click('#signal');
  await viewer.says('detail-list', /320 × 240.*directly from the broadcaster/);

  await viewer.page.fill('#volume', '0.5');
  assert.equal(await video(viewer, 'volume'), 0.5);
  const sound = () => viewer.page.getByRole('button', { name: 'Sound', exact: true }).getAttribute('aria-pressed');
  assert.equal(await sound(), 'true');
  await viewer.page.click('#mute');
  assert.equal(await video(viewer, 'muted'), true);
  await until('the button says so', async () => (await sound()) === 'false');
  await until('the chat is open', () => viewer.evaluate(() => document.getElementById('chat-text')?.disabled === false));
  await viewer.page.focus('#chat-text');
  await press('m');
  assert.equal(await video(viewer, 'muted'), true, 'letters of a message do not work as keys');
  await close(viewer, talker);
});

// Each in a room of its own: a slot is kept for who has just left.
for (const [room, control, pause] of /** @type {const} */ ([
  ['button', 'our button', () => document.getElementById('pause').click()],
  ['control', 'the browser’s own control', () => document.getElementById('remote-video').pause()],
])) {
  test(`a picture that was stopped by ${control} stays so over a reconnect, until the viewer presses play`, async () => {
    const talker = await goOnAir(chromium, server, `stopped-by-${room}`);
    const viewer = await open(`watch.html?stopped-by-${room}`);
    await viewer.decodesFrames();
    await until('the controls are there', () => viewer.evaluate(() => document.getElementById('pause').title !== ''));
    await viewer.evaluate(pause);
    await until('the picture pauses', () => video(viewer, 'paused'));
    await talker.press('stop-video');
    await until('the picture is gone', () => viewer.evaluate(() => document.getElementById('remote-video').srcObject === null));
    await talker.press('start-video');
    await until('the next one is here', () => viewer.evaluate(() => document.getElementById('remote-video').videoWidth > 0));
    const plays = () => viewer.evaluate(() => document.getElementById('remote-video').currentTime > 0);
    assert.equal(await video(viewer, 'paused'), true);
    assert.equal(await plays(), false);
    await viewer.evaluate(() => document.getElementById('pause').click());
    await until('it plays again', plays);
    await talker.press('stop-video');
    await until('the picture is gone again', () => viewer.evaluate(() => document.getElementById('remote-video').srcObject === null));
    await talker.press('start-video');
    await until('the next one plays by itself', plays);
    await close(viewer, talker);
  });
}

test('plays muted where the browser blocks sound, and unmutes by a tap', async () => {
  const talker = await goOnAir(chromium, server, 'tap');
  // In Chromium every call of the driver counts as a tap. So the page gets a play() that fails as without a tap.
  const viewer = await chromium.open(`${server.origin}/watch.html?tap`, () => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
      return this.muted ? play.call(this) : Promise.reject(new DOMException('no tap', 'NotAllowedError'));
    };
  });
  await viewer.decodesFrames();
  await until('the picture plays without sound', () => video(viewer, 'muted'));
  assert.equal(await video(viewer, 'paused'), false);
  await viewer.press('unmute');
  assert.equal(await video(viewer, 'muted'), false);
  assert.equal(await video(viewer, 'paused'), false);
  await viewer.shows('unmute', false);
  await close(viewer, talker);
});

test('shows only the picture with ?embed, in a frame of another origin', async () => {
  const elsewhere = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(
      `<!doctype html><iframe src="${server.origin}/watch.html?framed&embed" width="480" height="270"
        allow="autoplay; fullscreen; picture-in-picture"></iframe>`,
    );
  }).listen(0);
  await once(elsewhere, 'listening');
  try {
    const talker = await goOnAir(chromium, server, 'framed');
    const { port } = /** @type {import('node:net').AddressInfo} */ (elsewhere.address());
    const page = await chromium.open(`http://localhost:${port}/`);
    const frame = page.page.frames()[1];
    await frame.waitForFunction(() => document.getElementById('remote-video').videoWidth === 320);
    const sizes = await frame.evaluate(() => {
      const { width, height } = document.getElementById('stage').getBoundingClientRect();
      const side = document.querySelector('.side');
      return { width, height, rest: side instanceof HTMLElement && side.offsetParent };
    });
    assert.deepEqual(sizes, { width: 480, height: 270, rest: null });

    await talker.evaluate(() => {
      const { srcObject } = document.getElementById('local-video');
      if (srcObject instanceof MediaStream) srcObject.getVideoTracks()[0].dispatchEvent(new Event('mute'));
    });
    await frame.waitForFunction(() => document.getElementById('cover').textContent.includes('is interrupted'));
    assert.equal(await frame.evaluate(() => document.getElementById('cover').checkVisibility()), true);
    await close(page, talker);
  } finally {
    elsewhere.close();
  }
});

test('names new rooms on the start page and finds rooms by link', async () => {
  const start = await open('');
  const name = await start.evaluate(() => document.getElementById('new-room').value);
  assert.match(name, /^[a-z]{6}-[a-z]{6}$/);
  await start.press('another');
  const other = await start.evaluate(() => document.getElementById('new-room').value);
  assert.notEqual(other, name);
  await start.page.click('#broadcast .primary');
  await start.page.waitForURL(`**/talk.html?${other}`);

  for (const [entered, target] of [
    ['教室 1', `**/watch.html?${encodeURIComponent('教室 1')}`],
    [`${server.origin}/talk.html?lesson`, '**/watch.html?lesson'],
  ]) {
    await start.page.goto(`${server.origin}/`);
    await start.page.fill('#room', entered);
    await start.page.click('#watch button');
    await start.page.waitForURL(target);
  }
  await start.page.goto(`${server.origin}/`);
  await start.page.fill('#room', 'https://example.org/');
  await start.page.click('#watch button');
  await start.says('notice', /does not lead/);
  await close(start);
});

test('takes the browser’s language and changes it without losing the broadcast', async () => {
  const japanese = { locale: 'ja-JP' };
  const talker = await goOnAir(chromium, server, 'words', japanese);
  await talker.says('badge', /配信中/);
  const viewer = await open('watch.html?words', japanese);
  await viewer.decodesFrames();
  await talker.press('language');
  await talker.says('badge', /On Air/);
  assert.equal(await talker.evaluate(() => document.documentElement.lang), 'en');
  assert.equal(await talker.text('start-video'), 'Start video');
  await viewer.decodesFrames();
  assert.equal(await viewer.evaluate(() => window.testConnections.length), 1);
  await close(viewer, talker);
});

test('loads little before the first frame', async () => {
  const talker = await goOnAir(chromium, server, 'weight');
  const { requests, bytes } = await watchAsNewcomer(chromium, server.origin, 'weight');
  const each = requests.map(({ path, bytes: size }) => `${path} ${size}`);
  console.log(`# ${requests.length} requests and a WebSocket, ${bytes} bytes: ${each.join(', ')}`);
  assert.ok(requests.every(({ bytes: size }) => size > 0), 'each size is known');
  assert.ok(requests.length + 1 <= 8, `${requests.length} requests`);
  assert.ok(bytes <= 120_000, `${bytes} bytes`);
  await close(talker);
});

describe('accessibility', () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  /** @param {Page} page */
  async function check(page) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
    assert.deepEqual(
      violations.flatMap(({ id, impact, nodes }) =>
        ['serious', 'critical'].includes(impact) ? nodes.map(({ target }) => `${id}: ${target}`) : [],
      ),
      [],
    );
  }

  // The findings of axe depend on the colours or on the language, never on both together.
  for (const { colorScheme, locale } of /** @type {const} */ ([
    { colorScheme: 'dark', locale: 'ja' },
    { colorScheme: 'light', locale: 'en' },
  ])) {
    test(`has no serious finding of axe: ${colorScheme}, ${locale}`, async () => {
      const options = { colorScheme, locale };
      const room = `axe-${colorScheme}-${locale}`;
      for (const path of ['', 'check.html', `watch.html?${room}`, `talk.html?${room}`]) {
        const page = await open(path, options);
        await until('the texts are loaded', () => page.evaluate(() => document.getElementById('language').textContent !== ''));
        await check(page);
        await close(page);
      }
      const talker = await goOnAir(chromium, server, room, options);
      const viewer = await open(`watch.html?${room}`, options);
      await viewer.decodesFrames();
      await viewer.write('hello', 'Aki');
      await until('the line is there', async () => (await talker.chat()).length === 1);
      await viewer.shows('signal');
      await viewer.page.click('#signal');
      await talker.page.click('summary');
      await talker.press('show-qr');
      await check(talker);
      await check(viewer);
      await close(viewer, talker);
    });
  }
});

describe('with Firefox', () => {
  /** @type {Firefox} */
  let firefox;
  before(async () => {
    firefox = await Firefox.start();
  });
  after(() => firefox?.stop());

  test('runs the studio in Firefox: chat, figures, language', async () => {
    const talker = await goOnAir(firefox, server, 'fox');
    const viewer = await open('watch.html?fox');
    await viewer.decodesFrames();
    await viewer.write('hello', 'Aki');
    await until('the line is there', async () => (await talker.chat()).length === 1);
    await talker.says('audience', /Akilive.*Mbit/);
    await talker.press('language');
    await talker.says('badge', /配信中/);
    await close(viewer, talker);
  });

  test('records a file in Firefox that plays there and in Chromium, from any time on', async () => {
    const talker = await goOnAir(firefox, server, 'fox-records');
    await talker.press('record');
    await talker.says('recording', /Recording/);
    await recordFor(talker, 3);
    await talker.press('record');
    const file = await firefox.saved();
    assert.match(basename(file), /^fox-records-.*-1\.webm$/);
    const { kinds, seconds, duration } = probe(file);
    assert.deepEqual(kinds, ['audio', 'video']);
    assert.ok(seconds >= 2.5, `${seconds} s`);
    assert.ok(Math.abs(duration - seconds) < 0.5, `it says that it has ${duration} s, and has ${seconds} s`);
    const start = await open('');
    for (const player of [talker, start]) {
      const sought = await seek(player, file, 2);
      assert.ok(Number.isFinite(sought.duration), 'a player knows its length');
      assert.equal(sought.time, 2);
      assert.ok(sought.width > 0);
    }
    await talker.says('unsaved-text', /keeps a copy of the recording/);
    await talker.press('discard-unsaved');
    await recorded(talker, 0);
    await close(start, talker);
  });
});
