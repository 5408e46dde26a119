// Tests that the pages come up where the browser or the network gives them less than usual, or say why not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Chromium, goOnAir, linkWithToken, Page, Server, until } from './support.mjs';

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

/** @type {(path: string, prepare?: () => void) => Promise<Page>} */
const open = (path, prepare) => chromium.open(`${server.origin}/${path}`, prepare);

/** @param {Page[]} pages */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }
}

function refuseStorage() {
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  }
  performance.getEntriesByType = () => [];
}

function takeStorageAway() {
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
    Object.defineProperty(window, name, { value: null });
  }
  Object.defineProperty(navigator, 'locks', { value: undefined });
}

for (const [what, prepare] of /** @type {const} */ ([['refused', refuseStorage], ['missing', takeStorageAway]])) {
  test(`all pages work where storage is ${what}`, async () => {
    const start = await open('', prepare);
    await start.press('another');
    const talker = await open(`talk.html?storage-${what}`, prepare);
    await talker.press('start-video');
    await talker.shows('badge');
    const viewer = await open(`watch.html?storage-${what}`, prepare);
    await viewer.decodesFrames();
    await viewer.write('hello', 'Aki');
    await until('the line is there', async () => (await talker.chat()).length === 1);
    await talker.press('language');
    await talker.says('badge', /配信中/);
    assert.equal(await viewer.shown('stuck'), false);
    await close(start, viewer, talker);
  });
}

test('devices that another program remembered do not stop the studio', async () => {
  // Each in a room of its own: a slot is kept for who has just left.
  for (const [i, kept] of ['{', '7', '{"camera":1}', '[]'].entries()) {
    const talker = await chromium.open(
      `${server.origin}/talk.html?kept-${i}`,
      `try { localStorage.setItem('onair-devices', ${JSON.stringify(kept)}) } catch {}`,
    );
    await talker.press('start-video');
    await talker.shows('badge');
    await close(talker);
  }
});

test('a frame that is sandboxed away from its own files says so', async () => {
  const elsewhere = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><iframe sandbox="allow-scripts" src="${server.origin}/watch.html?boxed&embed"></iframe>`);
  }).listen(0);
  await once(elsewhere, 'listening');
  try {
    const { port } = /** @type {import('node:net').AddressInfo} */ (elsewhere.address());
    const page = await chromium.open(`http://localhost:${port}/`);
    await page.page.frames()[1].waitForSelector('#stuck:not([hidden]) a[target=_blank]');
    await page.close();
  } finally {
    elsewhere.close();
  }
});

/**
 * Opens a page whose `file` does not load until `heal` is called.
 * @type {(path: string, file: string, how: 'aborted' | 'missing' | 'broken') => Promise<{ page: Page, heal: () => Promise<void> }>}
 */
async function openWithout(path, file, how) {
  const context = await chromium.browser.newContext();
  const pattern = new RegExp(`/${file}(\\?|$)`);
  await context.route(pattern, (route) => {
    if (how === 'aborted') return route.abort();
    return route.fulfill(how === 'missing' ? { status: 404, body: 'none' } : { status: 200, contentType: 'text/javascript', body: '}' });
  });
  const tab = await context.newPage();
  const page = new Page(tab, () => context.close());
  await tab.goto(`${server.origin}/${path}`, { waitUntil: 'commit' });
  return { page, heal: () => context.unroute(pattern) };
}

for (const [file, how] of /** @type {const} */ ([
  ['watch.mjs', 'aborted'], ['page.mjs', 'missing'], ['onair_watch.mjs', 'broken'], ['onair_watch.wasm', 'missing'], ['texts.en.mjs', 'aborted'],
])) {
  test(`a viewer’s page whose ${file} is ${how} says so, and tries again by itself`, async () => {
    const { page, heal } = await openWithout('watch.html?broken', file, how);
    await page.page.waitForSelector('#stuck:not([hidden])');
    await heal();
    await page.page.locator('#cover', { hasText: /Waiting/ }).waitFor(); // survives the page's reload
    await page.page.waitForSelector('#stuck', { state: 'hidden' });
    await page.close();
  });
}

for (const file of ['talk.mjs', 'recorder.mjs', 'onair.wasm']) {
  test(`a studio whose ${file} does not load has a way on`, async () => {
    const { page, heal } = await openWithout('talk.html?broken', file, 'missing');
    await page.page.waitForSelector('#stuck:not([hidden])');
    await heal();
    await page.page.click('#again');
    await page.page.waitForSelector('#start-video:enabled');
    await page.page.waitForSelector('#stuck', { state: 'hidden' });
    await page.close();
  });
}

const oldBrowsers = {
  'has no WebAssembly': () => {
    Object.defineProperty(window, 'WebAssembly', { value: undefined });
  },
  'does not know wasm-unsafe-eval': () => {
    WebAssembly.Module = class extends WebAssembly.Module {
      constructor() {
        super(new Uint8Array());
      }
    };
  },
  'has no RTCPeerConnection': () => {
    Object.defineProperty(window, 'RTCPeerConnection', { value: undefined });
  },
};
for (const [what, prepare] of Object.entries(oldBrowsers)) {
  test(`says that a browser is too old if it ${what}`, async () => {
    for (const path of ['', 'talk.html?old', 'watch.html?old&embed']) {
      const context = await chromium.browser.newContext({ locale: 'ja' });
      await context.addInitScript(prepare);
      const page = new Page(await context.newPage(), () => context.close());
      await page.page.goto(`${server.origin}/${path}`);
      await page.says(path ? 'notice' : 'old', /古/);
      assert.equal(await page.shown('stuck'), false);
      await page.close();
    }
  });
}

/**
 * Opens the page once more as a browser does that duplicates a tab: the new one has a copy of the session's storage.
 * @param {Page} page
 */
async function duplicateTab(page) {
  const opening = page.page.waitForEvent('popup');
  await page.evaluate(() => {
    window.open(location.href);
  });
  const tab = await opening;
  // A popup begins as about:blank, which has none of our elements.
  await tab.waitForURL(page.page.url());
  return new Page(tab, async () => {});
}

test('a copy of the broadcaster’s tab does not take the room by a reload', async () => {
  const talker = await goOnAir(chromium, server, 'copied');
  const copy = await duplicateTab(talker);
  await copy.says('cover', /Somebody else/);
  await copy.reload();
  await copy.says('cover', /Somebody else/);
  assert.ok(await talker.shown('badge'));
  assert.equal(await talker.text('link'), 'Connected');

  await talker.page.reload();
  await talker.press('start-video');
  await talker.shows('badge');
  await close(talker);
});

test('a copy that claims to be a reload does not take the room either', async () => {
  const talker = await goOnAir(chromium, server, 'claimed');
  await talker.page.context().addInitScript(() => {
    // Some browsers open a duplicate as a reload.
    performance.getEntriesByType = () => /** @type {PerformanceEntry[]} */ (/** @type {unknown} */ ([{ type: 'reload' }]));
  });
  const copy = await duplicateTab(talker);
  await copy.says('cover', /Somebody else/);
  assert.equal(await talker.text('link'), 'Connected');
  await close(talker);
});

/** Runs in the page, whose browser plays nothing before a touch, as that of an iPhone in Low Power Mode. */
function playNothingUntouched() {
  let touched = false;
  addEventListener('click', () => (touched = true), true);
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (touched) return play.call(this);
    this.autoplay = false;
    this.pause();
    return Promise.reject(new DOMException('no tap', 'NotAllowedError'));
  };
}

test('asks for a tap where the browser does not even play without sound, and is not live before', async () => {
  const talker = await goOnAir(chromium, server, 'untouched');
  const viewer = await open('watch.html?untouched', playNothingUntouched);
  await viewer.says('unmute', /Tap to play/);
  assert.equal(await viewer.shown('badge'), false, 'a black picture is not live');
  await viewer.press('unmute');
  await viewer.decodesFrames();
  await viewer.shows('badge');
  const { paused, muted } = await viewer.evaluate(() => {
    const video = document.getElementById('remote-video');
    return { paused: video.paused, muted: video.muted };
  });
  assert.deepEqual({ paused, muted }, { paused: false, muted: false });
  await viewer.shows('unmute', false);
  await close(viewer, talker);
});

test('offers what is missing yet where other controls play the picture or turn its sound on', async () => {
  const talker = await goOnAir(chromium, server, 'controls');
  const viewer = await open('watch.html?controls', playNothingUntouched);
  await viewer.says('unmute', /Tap to play/);
  await viewer.press('pause');
  await viewer.decodesFrames();
  await viewer.says('unmute', /Tap for sound/);
  await viewer.evaluate(() => {
    document.getElementById('remote-video').muted = false;
  });
  await viewer.shows('unmute', false);
  await close(viewer, talker);
});

test('plays again after the background, unless the person paused it', async () => {
  const talker = await goOnAir(chromium, server, 'background');
  const viewer = await open('watch.html?background');
  await viewer.decodesFrames();
  const paused = () => viewer.evaluate(() => document.getElementById('remote-video').paused);
  /** @param {boolean} hidden */
  const hide = (hidden) =>
    viewer.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      if (value) document.getElementById('remote-video').pause(); // as iOS does
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await hide(true);
  assert.equal(await paused(), true);
  await hide(false);
  await until('it plays again', async () => !(await paused()));
  await viewer.page.keyboard.press(' ');
  await until('the person pauses it', paused);
  await viewer.shows('badge', false); // a still picture is not live
  await hide(true);
  await hide(false);
  assert.equal(await paused(), true);
  await close(viewer, talker);
});

test('says on the start page that a name is too long, and goes on when it is not', async () => {
  const start = await open('');
  const long = '教'.repeat(43);
  for (const [field, button] of [['#new-room', '#broadcast .primary'], ['#room', '#watch button']]) {
    await start.page.fill(field, long);
    await start.says('notice', /too long/);
    await start.page.click(button);
    assert.equal(new URL(start.page.url()).pathname, '/', 'the next page would refuse it');
    await start.page.fill(field, long.slice(1));
    await start.says('notice', /^$/);
  }
  await start.page.click('#broadcast .primary');
  await start.page.waitForURL('**/talk.html?*');
  await start.says('room', /^教{42}$/);
  await close(start);
});

test('the name of a room never means something else', async () => {
  for (const name of ['embed', '_defaultroom', '..', '%2F', 'a&embed', 'watch']) {
    const start = await open('');
    await start.page.fill('#new-room', name);
    await start.page.click('#broadcast .primary');
    await start.page.waitForURL('**/talk.html?*');
    await until(`the room ${name}`, async () => (await start.text('room')) === name);
    await start.page.goto(String(await start.evaluate(() => document.getElementById('watch-link').href)));
    await until(`the room ${name} to watch`, async () => (await start.text('room')) === name);
    assert.equal(await start.evaluate(() => document.documentElement.classList.contains('embed')), false);
    await start.page.close();
  }
});

test('says why the server lets a page in no more', async () => {
  const viewer = await open('watch.html?refused', () => {
    // As behind a proxy that hides the host by which the page was opened.
    const { fetch } = window;
    window.fetch = async (input, init) =>
      init?.method === 'POST' ? new Response('', { status: 403 }) : fetch(input, init);
    window.WebSocket = /** @type {typeof WebSocket} */ (class extends WebSocket {
      constructor() {
        super(location.href.replace(/^http.*/, 'ws://localhost:1/'));
      }
    });
  });
  await viewer.says('link', /lets no page of this address in/);
  await viewer.close();
});

test('says why the server lets a page in no more that it had let in', async () => {
  const viewer = await open('watch.html?in-once', () => {
    const { fetch, setInterval: repeat, WebSocket: Socket } = window;
    const often = (/** @type {() => void} */ run, /** @type {number} */ pause) => repeat(run, pause / 20);
    window.setInterval = /** @type {typeof window.setInterval} */ (often);
    /** @type {WebSocket[]} */
    const sockets = [];
    let refuses = false;
    let asked = 0;
    window.fetch = async (input, init) => {
      if (!refuses || init?.method !== 'POST') return fetch(input, init);
      if (++asked === 1) throw new TypeError('the server is starting');
      return new Response('', { status: 429 });
    };
    window.WebSocket = /** @type {typeof WebSocket} */ (class extends Socket {
      /** @param {string} address */
      constructor(address) {
        super(refuses ? 'ws://localhost:1/' : address);
        sockets.push(this);
      }
    });
    addEventListener('test-refuses', () => {
      refuses = true;
      for (const socket of sockets) socket.close();
    });
    addEventListener('online', () => {
      refuses = false;
    });
  });
  await viewer.says('link', /Connected/);
  await viewer.evaluate(() => dispatchEvent(new Event('test-refuses')));
  await viewer.says('link', /Reconnecting/);
  await viewer.says('link', /Too many/);
  await viewer.evaluate(() => dispatchEvent(new Event('online')));
  await viewer.says('link', /Connected/);
  await viewer.close();
});

for (const [missing, words] of /** @type {const} */ ([['video', /The microphone works/], ['audio', /The camera works/]])) {
  test(`the check goes on without ${missing}, and says so`, async () => {
    const page = await chromium.open(
      `${server.origin}/check.html`,
      `const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
       navigator.mediaDevices.getUserMedia = (constraints) =>
         constraints.${missing} ? Promise.reject(new DOMException('none', 'NotFoundError')) : ask(constraints);`,
    );
    await page.press('start');
    await page.says('results', words);
    await page.shows('summary');
    assert.equal(await page.shown('failed'), false);
    await page.close();
  });
}

test('the check enters with the token of its address or its tab, and says where one is missing', async () => {
  const state = mkdtempSync(join(tmpdir(), 'onair-check-'));
  const closed = await Server.start('--auth', 'all', '--state-dir', state);
  const link = linkWithToken(closed, state, '教室 1', 'watch');
  const check = await chromium.open(`${closed.origin}/check.html`);
  await check.press('start');
  await check.says('results', /asks for a token/);
  await check.close();
  for (const first of [undefined, link]) {
    const page = await chromium.open(first ?? `${closed.origin}/check.html${new URL(link).hash}`);
    if (first) await page.page.goto(`${closed.origin}/check.html`);
    assert.equal(await page.evaluate(() => location.hash), '', 'nobody shares the token by accident');
    await page.press('start');
    await page.says('results', /its WebSocket can be reached/);
    await page.close();
  }
  await closed.stop();
  rmSync(state, { recursive: true });
});
