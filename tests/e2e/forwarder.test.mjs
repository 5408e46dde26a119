// Tests onair-forwarder with real browsers: WHIP in, WHEP out, and the room's own pages.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Chromium, goOnAir, Server, until } from './support.mjs';

/** @type {Server} */
let server;
/** @type {Chromium} */
let chromium;
/** @type {string} */
let folder;

/** @param {string[]} options */
const start = (...options) =>
  Server.start('--forwarder', 'auto', '--media-port', '0', '--state-dir', folder, ...options);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onair-forwarder-'));
  server = await start();
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  await server?.stop(); // and with it the forwarder
  rmSync(folder, { recursive: true });
});

/**
 * A page that sends or receives over one connection, by WHIP or WHEP, as an encoder or a player does.
 * @param {'whip' | 'whep'} protocol
 * @param {string} room
 */
async function connect(protocol, room) {
  const page = await chromium.open(`${server.origin}/check.html`);
  const answered = await page.evaluate(
    async ([way, name]) => {
      const connection = new RTCPeerConnection();
      const video = document.createElement('video');
      Object.assign(video, { id: 'played', autoplay: true });
      document.body.append(video);
      if (way === 'whip') {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
        for (const track of stream.getTracks()) {
          connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
        }
      } else {
        connection.addTransceiver('audio', { direction: 'recvonly' });
        connection.addTransceiver('video', { direction: 'recvonly' });
        const stream = new MediaStream();
        connection.ontrack = ({ track }) => stream.addTrack(track);
        video.srcObject = stream;
      }
      await connection.setLocalDescription();
      const response = await fetch(`/${way}/${name}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/sdp' },
        body: /** @type {RTCSessionDescription} */ (connection.localDescription).sdp,
      });
      const text = await response.text();
      if (response.status !== 201) return { status: response.status, text, location: '' };
      await connection.setRemoteDescription({ type: 'answer', sdp: text });
      return { status: 201, text, location: response.headers.get('Location') ?? '' };
    },
    /** @type {[string, string]} */ ([protocol, room]),
  );
  return { page, ...answered };
}

/**
 * A player of a room that is on air, or is about to be.
 * @param {string} room
 */
const play = (room) =>
  until('the broadcast can be played', async () => {
    const tried = await connect('whep', room);
    if (tried.status === 201) return tried;
    await tried.page.close();
    return null;
  });

test('a WHIP broadcaster is seen and heard by WHEP players and on the room’s own page', async () => {
  const talker = await connect('whip', 'lesson');
  assert.equal(talker.status, 201, talker.text);
  const player = await play('lesson');
  await player.page.decodesFrames();
  await player.page.hearsSound();
  assert.equal((await player.page.stats()).width, 320);

  const viewer = await chromium.open(`${server.origin}/watch.html?lesson`);
  await viewer.decodesFrames();
  await viewer.hearsSound();

  const ended = await talker.page.evaluate(
    async (location) => (await fetch(location, { method: 'DELETE' })).status,
    talker.location,
  );
  assert.equal(ended, 200);
  await viewer.says('cover', /ended/);
});

test('a browser’s broadcast is seen by WHEP players', async () => {
  const talker = await goOnAir(chromium, server, 'browser');
  const player = await play('browser');
  await player.page.decodesFrames();
  await player.page.hearsSound();
  await talker.says('audience', /^Media server \(players: 1\)live/);
  await talker.says('viewers', /^1$/);
  await talker.says('watching', /^1$/);
  const second = await play('browser');
  await talker.says('audience', /^Media server \(players: 2\)live/);
  await talker.says('seen', /^Watching live: 2$/);
  await second.page.close();
  await talker.press('stop-video');
  await talker.page.close();
  await player.page.close();
});

test('pictures go on while the server is killed, and the next one knows its encoders and players', async () => {
  const talker = await connect('whip', 'killed');
  const player = await play('killed');
  await player.page.decodesFrames();
  await server.stop('SIGKILL');
  await player.page.decodesFrames(41); // without a server

  server = await start('--port', String(server.port));
  const viewer = await chromium.open(`${server.origin}/watch.html?killed`);
  await viewer.decodesFrames();
  const remove = (/** @type {string} */ location) =>
    talker.page.evaluate(async (path) => (await fetch(path, { method: 'DELETE' })).status, location);
  assert.equal(await remove(player.location), 200);
  assert.equal(await remove(talker.location), 200);
});
