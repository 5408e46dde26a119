// Lets many viewers come and go at one talker, a few at a time, and checks that their memory is freed. A browser
// tab fails at about 500 peer connections that were not collected, so a leak would end a long broadcast.
//
//   scripts/churn [VIEWERS]

import assert from 'node:assert/strict';

import { Chromium, Server, until } from '../e2e/support.mjs';

const viewers = Number(process.argv[2] ?? 1500);
const warmUp = 100;
const atOnce = 4;

/**
 * Runs in a page: makes a client without the page's pictures and texts.
 * @param {string} url
 */
async function loadClient(url) {
  // @ts-expect-error It is beside the page, not beside this file.
  const { default: create } = await import('./onair.mjs');
  window.onair = await create();
  window.options = { url, room: 'churn', video: document.createElement('video') };
}

/**
 * Runs in a page: starts one viewer after the other, until `count` have seen the picture.
 * @param {{ count: number, lanes: number }} most
 */
async function comeAndGo({ count, lanes }) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      /** @type {(value: unknown) => void} */
      let live;
      const watches = new Promise((resolve) => {
        live = resolve;
      });
      const client = new window.onair.WatchClient({
        ...window.options,
        changed: ({ picture }) => picture === 'live' && live(undefined),
      });
      client.start();
      await watches;
      client.leave();
      client.delete();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const server = await Server.start();
const chromium = await Chromium.start();
try {
  const url = `ws://localhost:${server.port}/ws`;
  const open = async () => {
    const page = await (await chromium.browser.newContext()).newPage();
    await page.goto(`${server.origin}/check.html`);
    await page.evaluate(loadClient, url);
    return page;
  };
  const talk = await open();
  await talk.evaluate(() => {
    const { mediaDevices } = navigator;
    const camera = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = () => camera({ audio: true, video: { width: 160, height: 120 } });
    window.talker = new window.onair.TalkClient(window.options);
    window.talker.start();
    window.talker.startVideo();
  });
  await until('on air', () => talk.evaluate(() => window.talker.view().stage === 'on_air'));
  const session = await talk.context().newCDPSession(talk);

  const measure = async () => {
    await until('the table is empty', () =>
      talk.evaluate(() => {
        const view = window.talker.view();
        return view.viewers + view.connecting === 0;
      }),
    );
    for (let i = 0; i < 3; ++i) await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const wasm = await talk.evaluate(() => window.onair.HEAP8.buffer.byteLength);
    return { heap: usedSize, wasm };
  };

  const watch = await open();
  await watch.evaluate(comeAndGo, { count: warmUp, lanes: atOnce });
  const before = await measure();
  const started = Date.now();
  await watch.evaluate(comeAndGo, { count: viewers, lanes: atOnce });
  const seconds = (Date.now() - started) / 1000;
  const afterwards = await measure();
  /** @param {number} bytes */
  const kB = (bytes) => `${Math.round(bytes / 1000)} kB`;
  console.log(`${viewers} viewers came and went in ${seconds.toFixed(0)} s`);
  console.log(`heap ${kB(before.heap)} before, ${kB(afterwards.heap)} after`);
  console.log(`WASM memory ${kB(before.wasm)} before, ${kB(afterwards.wasm)} after`);
  assert.ok(afterwards.heap < before.heap + 500_000, 'the heap is back where it was');
  assert.equal(afterwards.wasm, before.wasm, 'the WASM memory is back where it was');
} finally {
  await chromium.stop();
  await server.stop();
}
