// Lets many viewers come and go at one talker, a few at a time, and checks that their memory is freed. A browser
// tab fails at about 500 peer connections that were not collected, so a leak would end a long broadcast.
//
//   scripts/churn [VIEWERS]

import assert from 'node:assert/strict';

import { Chromium, Server, until } from '../e2e/support.mjs';

const viewers = Number(process.argv[2] ?? 1500);
const warmUp = 100;
const atOnce = 4;

/** Runs in a page: makes a client without the page's pictures and texts. */
async function makeClient([kind, url]) {
  const { default: create } = await import('./onair.mjs');
  window.onair ??= await create();
  const options = { url, room: 'churn', video: document.createElement('video'), text() {}, remember() {} };
  window.start = (changed) => {
    const client = new window.onair[kind]({ ...options, changed });
    client.start();
    return client;
  };
}

/** Runs in a page: starts one viewer after the other, until `count` have seen the picture. */
async function comeAndGo([count, lanes]) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      let client;
      await new Promise((resolve) => {
        client = window.start(({ picture }) => picture === 'live' && resolve());
      });
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
  const open = async (kind) => {
    const page = await (await chromium.browser.newContext()).newPage();
    await page.goto(`${server.origin}/check.html`);
    await page.evaluate(makeClient, [kind, url]);
    return page;
  };
  const talk = await open('TalkClient');
  await talk.evaluate(() => {
    const { mediaDevices } = navigator;
    const camera = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = () => camera({ audio: true, video: { width: 160, height: 120 } });
    window.talker = window.start(() => {});
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

  const watch = await open('WatchClient');
  await watch.evaluate(comeAndGo, [warmUp, atOnce]);
  const before = await measure();
  const started = Date.now();
  await watch.evaluate(comeAndGo, [viewers, atOnce]);
  const seconds = (Date.now() - started) / 1000;
  const afterwards = await measure();
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
