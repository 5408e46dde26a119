// Viewers move from the talker to onair-forwarder while they watch, and back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { MediaServer } from './media.mjs';
import { Chromium, goOnAir, isForwarded, pictureOf, until, watchPicture } from './support.mjs';

/** The longest time without a new frame that a move may cost on a machine with little time for each browser, in ms. */
const longestGap = 1_000;

/** The same for the loss of the media server: 3 s for people, and more for such a machine. */
const longestOutage = 6_000;

const outages = Number(process.env.ONAIR_OUTAGES ?? 3);

/** @type {MediaServer} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await MediaServer.start('--forward', '2');
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

/** @typedef {import('./support.mjs').Page} Page */

/** @param {string} room */
const watch = (room) => chromium.open(`${server.origin}/watch.html?${room}`);

/** @param {Page} viewer */
const connectionsMade = (viewer) => viewer.evaluate(() => window.testConnections.length);

/** @param {Page} viewer */
const gapOf = async (viewer) => (await pictureOf(viewer)).gap;

test('viewers move to the media server while they watch, and back, and their picture goes on', async (t) => {
  const talker = await goOnAir(chromium, server, 'crowd');
  await talker.says('way', /straight from this browser/);
  const first = await watch('crowd');
  await first.decodesFrames();
  assert.equal(await isForwarded(first), false);
  await watchPicture(first);

  const second = await watch('crowd');
  await talker.says('way', /passes it on, to 2 viewers/);
  for (const viewer of [first, second]) {
    await until('the old connection is closed', async () => (await viewer.openConnections()) === 1);
    assert.equal(await isForwarded(viewer), true);
    await viewer.decodesFrames();
    await viewer.hearsSound();
  }
  const gap = await gapOf(first);
  t.diagnostic(`to the media server: ${Math.round(gap)} ms without a new frame`);
  assert.ok(gap < longestGap, `the picture stood still for ${gap} ms`);
  await talker.says('viewers', /^2$/);
  assert.equal(await talker.openConnections(), 1, 'the picture is sent once');

  await talker.write('Welcome');
  await first.write('Hello', 'Hanako');
  const lines = [
    ['Host', 'Welcome'],
    ['Hanako', 'Hello'],
  ];
  for (const page of [talker, first, second]) {
    await until('the chat has both lines', async () => (await page.chat()).length === 2);
    assert.deepEqual((await page.chat()).map(([, words]) => words), lines.map(([, words]) => words));
  }

  await watchPicture(first);
  await talker.press('keep-direct');
  await talker.says('way', /straight from this browser/);
  for (const viewer of [first, second]) {
    await until('the forwarder’s connection is closed', async () => (await viewer.openConnections()) === 1);
    assert.equal(await isForwarded(viewer), false);
    await viewer.decodesFrames();
  }
  const gapBack = await gapOf(first);
  t.diagnostic(`and back: ${Math.round(gapBack)} ms`);
  assert.ok(gapBack < longestGap, `the picture stood still for ${gapBack} ms`);
  for (const page of [talker, first, second]) {
    assert.deepEqual(page.errors, []);
    await page.page.close();
  }
});

test('a newcomer goes to the media server at once, and all are back when it is killed', async (t) => {
  const talker = await goOnAir(chromium, server, 'killed');
  const viewers = [await watch('killed'), await watch('killed')];
  await talker.says('way', /to 2 viewers/);
  viewers.push(await watch('killed'));
  await talker.says('way', /to 3 viewers/);
  for (const viewer of viewers) await viewer.decodesFrames();
  assert.equal(await talker.openConnections(), 1);

  await Promise.all(viewers.map(watchPicture));
  const made = await Promise.all(viewers.map(connectionsMade));
  const [pid] = execFileSync('pgrep', ['-P', String(server.process.pid), 'onair-forwarder'], { encoding: 'utf8' }).split('\n');
  process.kill(Number(pid), 'SIGKILL');
  for (const [i, viewer] of viewers.entries()) {
    await until('it has a new connection', async () => (await connectionsMade(viewer)) > Number(made[i]));
    const before = await pictureOf(viewer);
    await until('its picture is back', async () => (await pictureOf(viewer)).frames > before.frames + 10);
    const gap = await gapOf(viewer);
    t.diagnostic(`viewer ${i}: ${Math.round(gap)} ms without a new frame`);
    assert.ok(gap < longestOutage, `the picture stood still for ${gap} ms`);
  }
  await talker.says('way', /to 3 viewers/); // the next one takes them again
  for (const page of [talker, ...viewers]) await page.page.close();
});

/**
 * How many packets of the picture have been lost.
 * @param {Page} viewer
 */
const packetsLost = (viewer) =>
  viewer.evaluate(async () => {
    const reports = [...((await window.testConnections.at(-1)?.getStats())?.values() ?? [])];
    return reports.find((report) => report.type === 'inbound-rtp' && report.kind === 'video')?.packetsLost;
  });

test(`pictures by the media server lose nothing while the server is killed ${outages} times`, async (t) => {
  const killed = await MediaServer.start('--forward', '2');
  t.after(() => killed.stop());
  const talker = await goOnAir(chromium, killed, 'server');
  const viewers = [];
  for (let i = 0; i < 2; ++i) viewers.push(await chromium.open(`${killed.origin}/watch.html?server`));
  await talker.says('way', /to 2 viewers/);
  for (const viewer of viewers) {
    await until('the old connection is closed', async () => (await viewer.openConnections()) === 1);
    await viewer.decodesFrames();
  }
  const made = await Promise.all(viewers.map(connectionsMade));
  const lost = await Promise.all(viewers.map(packetsLost));
  await Promise.all(viewers.map(watchPicture));
  for (let outage = 1; outage <= outages; ++outage) {
    await killed.kill();
    for (const viewer of viewers) {
      await viewer.says('link', /Reconnecting/);
      await viewer.decodesFrames(30);
    }
    await killed.restart();
    for (const page of [talker, ...viewers]) await page.says('link', /Connected/);
    await talker.says('way', /to 2 viewers/);
  }
  for (const viewer of viewers) {
    const gap = await gapOf(viewer);
    t.diagnostic(`${Math.round(gap)} ms without a new frame`);
    assert.ok(gap < longestGap, `the picture stood still for ${gap} ms`);
  }
  assert.deepEqual(await Promise.all(viewers.map(packetsLost)), lost);
  assert.deepEqual(await Promise.all(viewers.map(connectionsMade)), made);
  await talker.write('Still here'); // by the new server, since there is no direct connection
  for (const viewer of viewers) {
    await until('the chat has the line', async () => (await viewer.chat()).some(([, words]) => words === 'Still here'));
  }
  for (const page of [talker, ...viewers]) await page.page.close();
});

test('a talker who loads its page anew has its viewers back within 2 s, by the connections that they have', async (t) => {
  const talker = await goOnAir(chromium, server, 'reload');
  const viewers = [await watch('reload'), await watch('reload')];
  await talker.says('way', /to 2 viewers/);
  for (const viewer of viewers) {
    await until('the old connection is closed', async () => (await viewer.openConnections()) === 1);
    await viewer.decodesFrames();
  }
  const made = await Promise.all(viewers.map(connectionsMade));
  await talker.reload();
  await pause(8_000); // a person reads, and presses the button
  await talker.press('start-video');
  await talker.shows('badge');
  const onAir = Date.now();
  await Promise.all(viewers.map((viewer) => viewer.decodesFrames(1)));
  const back = Date.now() - onAir;
  t.diagnostic(`back ${back} ms after it went on air`);
  assert.ok(back < 2_000, `back after ${back} ms`);
  assert.deepEqual(await Promise.all(viewers.map(connectionsMade)), made);
  await talker.says('way', /to 2 viewers/);
  for (const page of [talker, ...viewers]) await page.page.close();
});

test('the broadcast’s end and a removal reach those who watch through the media server', async () => {
  const talker = await goOnAir(chromium, server, 'ends');
  const viewers = [await watch('ends'), await watch('ends')];
  await talker.says('way', /to 2 viewers/);
  talker.page.once('dialog', (dialog) => dialog.accept());
  await talker.page.click('#audience li:first-child .orders button:last-child');
  await talker.says('way', /to 1 viewer/);
  const removed = await Promise.all(viewers.map((viewer) => viewer.text('cover')));
  assert.equal(removed.filter((words) => /removed/.test(words)).length, 1);
  await talker.press('stop-video');
  for (const [i, viewer] of viewers.entries()) {
    if (!/removed/.test(String(removed[i]))) await viewer.says('cover', /ended/);
    await until('no connection is left', async () => (await viewer.openConnections()) === 0);
  }
});
