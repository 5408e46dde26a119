// Tests one talker or several, tokens in links, locks and removals, in real browsers.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Chromium, goOnAir, linkWithToken, Server, until } from './support.mjs';

/** @type {Chromium} */
let chromium;

before(async () => {
  chromium = await Chromium.start();
});
after(() => chromium?.stop());

/**
 * Opens a viewer's page and waits for the picture.
 * @param {Server} server
 * @param {string} room
 */
async function watch(server, room) {
  const viewer = await chromium.open(`${server.origin}/watch.html?${room}`);
  await viewer.decodesFrames();
  return viewer;
}

/** @param {import('./support.mjs').Page[]} pages */
const closeAll = async (...pages) => {
  for (const page of pages) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }
};

describe('one talker', () => {
  /** @type {Server} */
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server?.stop());

  test('refuses a second talker and lets it in when the room is free', async () => {
    const talker = await goOnAir(chromium, server, 'taken');
    const viewer = await watch(server, 'taken');
    const second = await chromium.open(`${server.origin}/talk.html?taken`);
    await second.says('cover', /Somebody else is broadcasting/);
    assert.equal(await second.evaluate(() => document.getElementById('start-video').disabled), true);
    assert.match(await second.evaluate(() => document.getElementById('watch-instead').href), /watch\.html\?taken$/);
    await viewer.decodesFrames();
    await talker.press('stop-video');
    await closeAll(talker);
    await second.shows('elsewhere', false);
    await second.press('start-video');
    await viewer.decodesFrames();
    await closeAll(second, viewer);
  });

  test('keeps the room for a talker who reloads, although another waits for it', async () => {
    const talker = await goOnAir(chromium, server, 'kept');
    const second = await chromium.open(`${server.origin}/talk.html?kept`);
    await second.says('cover', /Somebody else is broadcasting/);
    await talker.reload();
    await talker.says('link', /Connected/);
    await talker.press('start-video');
    const viewer = await watch(server, 'kept');
    assert.match(await second.text('cover'), /Somebody else/);
    await closeAll(talker, second, viewer);
  });

  test('locks the room, removes a viewer and ends the room', async () => {
    const talker = await goOnAir(chromium, server, 'orders');
    talker.page.on('dialog', (dialog) => {
      dialog.accept().catch((error) => talker.note('error', String(error)));
    });
    const viewer = await watch(server, 'orders');
    const other = await watch(server, 'orders');
    await talker.says('viewers', /^2$/);
    await talker.press('lock');
    await talker.says('locked', /locked/);
    const late = await chromium.open(`${server.origin}/watch.html?orders`);
    await late.says('cover', /has locked this room/);

    await talker.page.click('#audience li:first-child button:last-child');
    await viewer.says('cover', /removed from this room/);
    assert.equal(await viewer.openConnections(), 0);
    await talker.says('viewers', /^1$/);
    await viewer.reload();
    await viewer.says('cover', /removed from this room/);
    await other.decodesFrames();

    await talker.press('lock');
    await late.decodesFrames();
    await talker.press('end-room');
    await other.says('cover', /ended for everyone/);
    await late.says('cover', /ended for everyone/);
    await talker.says('link', /Connected/);
    await closeAll(talker, viewer, other, late);
  });
});

test('shows both pictures where two may talk', async () => {
  const server = await Server.start('--talkers-per-room', '2');
  const first = await goOnAir(chromium, server, 'both');
  const viewer = await watch(server, 'both');
  const second = await goOnAir(chromium, server, 'both');
  const playing = () =>
    viewer.evaluate(
      () => [...document.querySelectorAll('#stage video')].filter((each) => each.srcObject && each.readyState >= 2 && !each.paused).length,
    );
  await until('two pictures play', async () => (await playing()) === 2);
  const boxes = await viewer.evaluate(() =>
    [...document.querySelectorAll('#stage video')].map((each) => each.getBoundingClientRect().toJSON()),
  );
  assert.ok(boxes[0].right <= boxes[1].left + 1, 'side by side');
  await first.press('stop-video');
  await until('one picture plays', async () => (await playing()) === 1);
  assert.equal(await viewer.evaluate(() => document.querySelectorAll('#stage video').length), 1);
  await viewer.decodesFrames();
  await closeAll(first, second, viewer);
  await server.stop();
});

test('lets people in by a link with a token, and not without or after it expired', async () => {
  const state = mkdtempSync(join(tmpdir(), 'onair-tokens-'));
  const server = await Server.start('--auth', 'all', '--state-dir', state);
  /** @type {(role: 'talk' | 'watch', ttl: string) => string} */
  const link = (role, ttl) => linkWithToken(server, state, 'lesson', role, '--ttl', ttl, '--name', 'Hanako');

  const stranger = await chromium.open(`${server.origin}/watch.html?lesson`);
  await stranger.says('cover', /only by a link with a token/);
  const wrong = await chromium.open(link('watch', '1h').replace('watch.html', 'talk.html'));
  await wrong.says('cover', /does not open this room/);

  const talker = await chromium.open(link('talk', '1h'));
  assert.equal(await talker.evaluate(() => location.hash), '', 'the token is not in the address bar');
  await talker.press('start-video');
  const viewer = await chromium.open(link('watch', '1h'));
  await viewer.decodesFrames();
  assert.equal(await viewer.evaluate(() => document.getElementById('chat-name')?.value), 'Hanako');
  await viewer.reload();
  await viewer.decodesFrames();

  const brief = await chromium.open(link('watch', '4s'));
  await brief.decodesFrames();
  await brief.says('cover', /has expired/);
  assert.equal(await brief.openConnections(), 0);
  await viewer.decodesFrames();
  await closeAll(stranger, wrong, talker, viewer, brief);
  await server.stop();
  rmSync(state, { recursive: true });
});
