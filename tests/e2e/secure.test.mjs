// Tests a broadcast from another device in the network, which needs HTTPS, with a self-signed
// certificate.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Chromium, goOnAir, Server } from './support.mjs';

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
const state = mkdtempSync(join(tmpdir(), 'onair-secure-'));
/** @type {Server} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await Server.start('--tls-self-signed', '--state-dir', state);
  server.origin = `https://${address}:${server.port}`;
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
  rmSync(state, { recursive: true });
});

test('broadcasts by the network address, over HTTPS and WSS', async () => {
  const talker = await goOnAir(chromium, server, 'lesson');
  assert.equal(await talker.evaluate(() => window.isSecureContext), true);
  const viewer = await chromium.open(`${server.origin}/watch.html?lesson`);
  await viewer.decodesFrames();
  await viewer.hearsSound();
});

test('redirects an http link to the same page', async () => {
  const viewer = await chromium.open(`http://${address}:${server.port}/watch.html?lesson`);
  assert.equal(await viewer.evaluate(() => location.protocol), 'https:');
  await viewer.decodesFrames();
});
