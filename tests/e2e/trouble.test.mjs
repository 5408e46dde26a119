// Tests the pages' messages when something is wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Chromium, Server, until } from './support.mjs';

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

test('loads every page without policy violations and missing files', async () => {
  for (const path of ['', 'talk.html', 'watch.html']) {
    const opened = await chromium.open(`${server.origin}/${path}`);
    if (path) await opened.says('link', /Connected/);
    assert.deepEqual(opened.errors, [], path);
    await opened.close();
  }
});
