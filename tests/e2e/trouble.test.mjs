// Tests the pages' messages when something is wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Chromium, Page, Server, until } from './support.mjs';

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

/** @param {string} name */
function failingCamera(name) {
  return `navigator.mediaDevices.getUserMedia = () =>
    Promise.reject(new DOMException('no', '${name}'));`;
}

for (const [name, words] of Object.entries({
  NotAllowedError: /did not allow the camera/,
  NotFoundError: /No camera or microphone was found/,
  NotReadableError: /busy/,
})) {
  test(`explains a camera that fails with ${name}`, async () => {
    const talker = await chromium.open(`${server.origin}/talk.html?trouble`, failingCamera(name));
    await talker.press('start-video');
    await talker.says('notice', words);
    assert.equal(await talker.shown('badge'), false);
    await talker.close();
  });
}

test('says how to fix a page that is not secure', async () => {
  const talker = await chromium.open(`http://10.77.0.1:${server.port}/talk.html`);
  await talker.press('start-video');
  await talker.says('notice', /https:\/\/.*localhost/);
  await talker.close();
});

for (const page of ['talk.html', 'watch.html']) {
  test(`explains a bad room name at ${page}`, async () => {
    const opened = await chromium.open(`${server.origin}/${page}?%ff`);
    await opened.says('notice', /does not name a room/);
    await opened.close();
  });

  test(`explains a browser without WebAssembly at ${page}`, async () => {
    const opened = await chromium.open(`${server.origin}/${page}`, 'delete window.WebAssembly;');
    await opened.says('notice', /too old/);
    await opened.close();
  });
}

test('says what is missing for On Air without a camera', async () => {
  const talker = await chromium.open(`${server.origin}/talk.html?missing`);
  await talker.press('on-air');
  await talker.says('notice', /Press Start video/);
  await talker.close();
});

test('reports a lost server and reconnects to it', async () => {
  const first = await Server.start();
  const viewer = await chromium.open(`${first.origin}/watch.html?away`);
  await viewer.says('link', /Connected/);
  await first.stop('SIGKILL');
  await viewer.says('link', /Reconnecting/);
  await viewer.press('request');
  await viewer.says('notice', /server is not connected/);
  const again = await Server.start('--port', String(first.port));
  await viewer.says('link', /Connected/);
  await viewer.says('notice', /^$/);
  await viewer.close();
  await again.stop();
});

for (const [path, missing, button] of /** @type {const} */ ([
  ['talk.html', 'qr', 'show-qr'],
  ['watch.html', 'cover', 'request'],
])) {
  test(`says at ${path} that something of its own failed, and comes up again as the peer that it was`, async () => {
    const page = await chromium.open(`${server.origin}/${path}?failed`);
    await page.says('link', /Connected/);
    await page.evaluate((id) => document.getElementById(id).remove(), missing);
    assert.equal(await page.shown('stuck'), false);
    await page.press(button);
    await page.says('stuck', /Something on this page went wrong/);
    const loaded = page.page.waitForEvent('load');
    await page.page.click('#again');
    await loaded;
    await page.says('link', /Connected/);
    assert.equal(await page.shown('stuck'), false);
    const how = await page.evaluate(() => performance.getEntriesByType('navigation')[0].toJSON().type);
    assert.equal(how, 'reload');
    await page.close();
  });

  test(`tells failures of its own at ${path}, which nobody handled, from those of another origin’s script`, async () => {
    const page = await chromium.open(`${server.origin}/${path}?extended`, undefined, { bypassCSP: true });
    await page.says('link', /Connected/);
    await runForeignScript(page);
    assert.equal(await page.shown('stuck'), false);
    await page.evaluate(`import('${server.origin}/reach.mjs').then(({ whyRefused }) => {
      window.fetch = () => Promise.reject(new TypeError('put in by the test'));
      whyRefused();
    })`);
    await page.says('stuck', /Something on this page went wrong/);
    await page.close();
  });
}

/**
 * Runs a script as extensions put them into pages: it throws, and has a promise that nobody handles. Its address is of
 * no server, and the browser shows its errors to the page.
 * @param {Page} page
 */
async function runForeignScript(page) {
  await page.page.route('https://extension.example/**', (route) =>
    route.fulfill({
      headers: { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*' },
      body: 'Promise.reject(new Error("a promise of an extension")); throw new Error("an extension");',
    }),
  );
  const seen = await page.evaluate(async () => {
    /** @type {string[]} */
    const messages = [];
    const both = new Promise((resolve) => {
      const note = (/** @type {string} */ message) => messages.push(message) === 2 && resolve(undefined);
      addEventListener('error', ({ message }) => note(message));
      addEventListener('unhandledrejection', ({ reason }) => note(reason.message));
    });
    const script = document.createElement('script');
    script.crossOrigin = 'anonymous';
    script.src = 'https://extension.example/inject.js';
    document.head.append(script);
    await both;
    return messages.sort();
  });
  assert.deepEqual(seen, ['Uncaught Error: an extension', 'a promise of an extension']);
}

/**
 * A viewer's page that gets no file of these names until `mend` is called.
 * @param {RegExp} names
 */
async function watchWithout(names) {
  let broken = true;
  const viewer = await chromium.open('about:blank');
  await viewer.page.route(names, (route) => (broken ? route.abort() : route.continue()));
  await viewer.page.goto(`${server.origin}/watch.html?parts`);
  const mend = () => {
    broken = false;
  };
  return { viewer, mend };
}

test('a client that does not load at first comes later', async () => {
  const { viewer, mend } = await watchWithout(/onair_watch\.wasm/);
  await viewer.says('link', /can’t be reached/);
  mend();
  await viewer.says('link', /Connected/);
  await viewer.close();
});

test('words, player and chat that do not load at first come later', async () => {
  const { viewer, mend } = await watchWithout(/(texts\.en|player|chat)\.mjs/);
  for (const part of ['texts', 'player', 'chat']) {
    await until(`${part} is missing`, () =>
      viewer.console.some((line) => line.startsWith('warning') && line.includes(part)),
    );
  }
  mend();
  await viewer.says('cover', /Waiting/);
  await until('the chat is there', () => viewer.evaluate(() => document.getElementById('chat-text') !== null));
  await until('the player is there', () => viewer.evaluate(() => document.getElementById('pause').title !== ''));
  await viewer.close();
});

test('the fading of a viewer’s sound that does not load at first comes later, and is no failure of the page', async () => {
  const { viewer, mend } = await watchWithout(/crossfade\.mjs/);
  await until('it is missing', () =>
    viewer.console.some((line) => line.startsWith('warning') && line.includes('crossfade')),
  );
  await viewer.says('stuck', /did not load/);
  mend();
  await viewer.shows('stuck', false);
  await viewer.close();
});

test('loads every page without policy violations and missing files', async () => {
  for (const path of ['', 'talk.html', 'watch.html']) {
    const opened = await chromium.open(`${server.origin}/${path}`);
    if (path) await opened.says('link', /Connected/);
    assert.deepEqual(opened.errors, [], path);
    await opened.close();
  }
});
