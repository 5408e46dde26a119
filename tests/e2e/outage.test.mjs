// Kills the server, reloads pages and breaks the network: the broadcast recovers without a click.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { addHost, addOurAddress, family, ip, removeHost, startThere } from './hosts.mjs';
import { Chromium, goOnAir, Server } from './support.mjs';

const outages = Number(process.env.ONAIR_OUTAGES ?? 3);

/** @type {Chromium} */
let chromium;

before(async () => {
  chromium = await Chromium.start();
});

after(() => chromium?.stop());

test(`keeps every picture while the server is killed ${outages} times`, async () => {
  let server = await Server.start();
  const talker = await goOnAir(chromium, server, 'outage');
  const viewer = await chromium.open(`${server.origin}/watch.html?outage`);
  await viewer.decodesFrames();
  for (let outage = 1; outage <= outages; ++outage) {
    await server.stop('SIGKILL');
    let { frames } = await viewer.stats();
    for (let second = 1; second <= 5; ++second) {
      await pause(1_000); // the outage itself, which lasts five seconds
      const { frames: later } = await viewer.stats();
      assert.ok(later > frames, `outage ${outage}: frames stopped at ${frames} in second ${second}`);
      frames = later;
    }
    await viewer.says('link', /Reconnecting/);
    server = await Server.start('--port', String(server.port));
    await viewer.says('link', /Connected/);
    await talker.says('link', /Connected/);
    const late = await chromium.open(`${server.origin}/watch.html?outage`);
    await late.decodesFrames();
    await late.close();
    await viewer.decodesFrames();
    assert.equal(await viewer.evaluate(() => window.testConnections.length), 1);
  }
  for (const page of [talker, viewer]) await page.close();
  await server.stop();
});

describe('with a server that stays', () => {
  /** @type {Server} */
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server?.stop());

  test('shows a picture within 3 s after the talker’s page was reloaded and is on air', async () => {
    const talker = await goOnAir(chromium, server, 'reload');
    const viewer = await chromium.open(`${server.origin}/watch.html?reload`);
    await viewer.decodesFrames();
    await talker.reload();
    await viewer.says('cover', /Waiting|ended/);
    await talker.press('start-video');
    await talker.shows('badge');
    const started = Date.now();
    await viewer.decodesFrames(1);
    assert.ok(Date.now() - started < 3_000, `${Date.now() - started} ms`);
    for (const page of [talker, viewer]) await page.close();
  });

  test('recovers when the talker’s tab crashes and another tab goes on air', async () => {
    const talker = await goOnAir(chromium, server, 'crash');
    const viewer = await chromium.open(`${server.origin}/watch.html?crash`);
    await viewer.decodesFrames();
    const session = await talker.page.context().newCDPSession(talker.page);
    session.send('Page.crash').catch(() => {}); // the page can no longer answer
    const second = await goOnAir(chromium, server, 'crash');
    const started = Date.now();
    await second.says('viewers', /^1$/);
    await viewer.decodesFrames();
    console.log(`# a picture ${Date.now() - started} ms after the second talker was on air`);
    for (const page of [viewer, second, talker]) await page.close();
  });

  test('leaves one connection at the talker after a viewer’s page was reloaded', async () => {
    const talker = await goOnAir(chromium, server, 'viewer-reload');
    const viewer = await chromium.open(`${server.origin}/watch.html?viewer-reload`);
    await viewer.decodesFrames();
    await viewer.reload();
    await viewer.decodesFrames();
    await talker.says('viewers', /^1$/);
    assert.equal(await talker.openConnections(), 1);
    for (const page of [talker, viewer]) await page.close();
  });
});

describe('over a path between two hosts', () => {
  /** @type {Server} */
  let server;
  /** @type {Awaited<ReturnType<typeof startThere>>} */
  let elsewhere;

  before(async () => {
    addHost('path0');
    addOurAddress('path0');
    elsewhere = await startThere();
    server = await Server.start();
  });

  after(async () => {
    await elsewhere?.stop();
    await server?.stop();
    removeHost('path0');
  });

  /** @param {string} room */
  const open = (room) => elsewhere.open(`http://10.78.0.1:${server.port}/watch.html?${room}`);

  test('recovers after the path was cut for 12 seconds', async () => {
    const talker = await goOnAir(chromium, server, 'cut');
    const viewer = await open('cut');
    await viewer.decodesFrames();
    ip('link', 'set', 'path0', 'down');
    await viewer.says('cover', /Restoring/);
    await pause(12_000); // the cut itself
    ip('link', 'set', 'path0', 'up');
    await viewer.decodesFrames();
    await viewer.says('link', /Connected/);
    for (const page of [talker, viewer]) await page.close();
  });

  test('recovers when the viewer’s address changes', async () => {
    const talker = await goOnAir(chromium, server, 'address');
    const viewer = await open('address');
    await viewer.decodesFrames();
    ip('-n', 'viewer', 'addr', 'del', '10.78.0.2/24', 'dev', 'path1');
    ip('-n', 'viewer', 'addr', 'add', '10.78.0.3/24', 'dev', 'path1');
    ip('-n', 'viewer', 'route', 'replace', 'default', 'via', '10.78.0.1');
    await viewer.decodesFrames(100); // far more than could have been in flight
    await viewer.says('link', /Connected/);
    for (const page of [talker, viewer]) await page.close();
  });

  const sleep = Number(process.env.ONAIR_SLEEP ?? 25);
  test(`recovers after the viewer’s machine slept for ${sleep} seconds`, async () => {
    const talker = await goOnAir(chromium, server, 'sleep');
    const viewer = await open('sleep');
    await viewer.decodesFrames();
    const processes = family(elsewhere.pid());
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    await pause(sleep * 1_000); // the sleep itself
    for (const pid of processes.reverse()) process.kill(pid, 'SIGCONT');
    await viewer.decodesFrames(100);
    await viewer.says('link', /Connected/);
    await talker.says('viewers', /^1$/);
    for (const page of [talker, viewer]) await page.close();
  });
});
