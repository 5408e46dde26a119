// Tests the pages of the original JavaScript program, from which onair started, with socket.io's client from npm,
// together with our own pages.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Chromium, goOnAir, Server, until } from './support.mjs';

/** @type {Chromium} */
let chromium;

before(async () => {
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
});

/** Serves the original program's pages at another origin. */
class OriginalPages {
  origin = '';
  /** Where socket.io is. */
  server = { origin: '' };
  http = http.createServer((request, response) => {
    const name = new URL(String(request.url), 'http://localhost').pathname;
    if (name !== '/talk.html' && name !== '/watch.html') {
      response.writeHead(204).end(); // the icon
      return;
    }
    const page = readFileSync(new URL(`./seed${name}`, import.meta.url), 'utf8');
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(page.replaceAll('SERVER', this.server.origin));
  });

  static async start() {
    const pages = new OriginalPages();
    await once(pages.http.listen(0, 'localhost'), 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (pages.http.address());
    pages.origin = `http://localhost:${port}`;
    return pages;
  }

  stop() {
    this.http.closeAllConnections();
    this.http.close();
  }
}

/**
 * Checks that the picture of a page's last connection moves.
 * @param {import('./support.mjs').Page} page
 */
const watches = (page) => page.decodesFrames();

for (const [version, folder] of [['2.x', 'socket.io-client-2'], ['4.x', 'socket.io-client']]) {
  describe(`the original pages with socket.io ${version}`, () => {
    /** @type {OriginalPages} */
    let pages;
    /** @type {Server} */
    let server;

    before(async () => {
      pages = await OriginalPages.start();
      const client = fileURLToPath(new URL(`../node_modules/${folder}/dist`, import.meta.url));
      server = await Server.start('--socketio-client', client, '--allow-origin', pages.origin, '--threads', '2');
      pages.server = server;
    });

    after(async () => {
      pages?.stop();
      await server?.stop();
    });

    /** @param {string} room */
    const originalTalker = async (room) => {
      const talker = await chromium.open(`${pages.origin}/talk.html?${room}`);
      await talker.press('start-video');
      await until('the camera runs', () => talker.evaluate(() => window.localStream?.active));
      return talker;
    };
    /** @param {string} room */
    const originalViewer = (room) => chromium.open(`${pages.origin}/watch.html?${room}`);

    test('connects the original pages among themselves, by waiting and by request', async () => {
      const early = await originalViewer('lesson');
      await until('it has entered', () => early.evaluate(() => window.socketReady));
      const talker = await originalTalker('lesson');
      await watches(early);
      const late = await originalViewer('lesson');
      await until('it has entered', () => late.evaluate(() => window.socketReady));
      await late.press('request');
      await watches(late);
      await watches(early);
      assert.equal(await late.evaluate(() => window.socket.io.engine.transport.name), 'websocket');

      await talker.press('stop-video');
      for (const viewer of [early, late]) {
        await until('the picture is gone', () => viewer.evaluate(() => document.querySelector('video')?.srcObject === null));
      }
      for (const page of [talker, early, late]) {
        assert.deepEqual(page.errors, []);
        await page.close();
      }
    });

    test('shows the original broadcast to our viewers', async () => {
      const waiting = await Promise.all([1, 2].map(() => chromium.open(`${server.origin}/watch.html?ours`)));
      for (const viewer of waiting) await viewer.says('cover', /Waiting/);
      const talker = await originalTalker('ours');
      for (const viewer of waiting) await watches(viewer);
      const late = await chromium.open(`${server.origin}/watch.html?ours`);
      await watches(late);
      for (const viewer of waiting) await watches(viewer);
      await talker.close();
      for (const viewer of [...waiting, late]) {
        await viewer.says('cover', /\S/);
        assert.deepEqual(viewer.errors, []);
        await viewer.close();
      }
      assert.deepEqual(talker.errors, []);
    });

    test('shows our broadcast to the original viewers', async () => {
      const early = await originalViewer('theirs');
      await until('it has entered', () => early.evaluate(() => window.socketReady));
      const talker = await goOnAir(chromium, server, 'theirs');
      await watches(early);
      const late = await originalViewer('theirs');
      await until('it has entered', () => late.evaluate(() => window.socketReady));
      await late.press('request');
      await watches(late);
      await talker.says('viewers', /^2$/);
      await talker.says('watching', /^2$/);
      await late.close();
      await talker.says('viewers', /^1$/);
      await talker.says('watching', /^1$/);
      await talker.press('stop-video');
      await until('the picture is gone', () => early.evaluate(() => document.querySelector('video')?.srcObject === null));
      for (const page of [talker, early, late]) assert.deepEqual(page.errors, []);
      await early.close();
      await talker.close();
    });
  });
}
