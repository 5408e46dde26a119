// Tests onair-forwarder with what others make: each peer as an encoder (WHIP) and as a player (WHEP), as far as it can.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { GstreamerPeer, SimpleWhipClient } from './gstreamer.mjs';
import { endLibrary, LibdatachannelPlayer, ObsEncoder } from './libdatachannel.mjs';
import { connect, MediaServer, remove } from './media.mjs';
import { Chromium, Firefox, until } from './support.mjs';

/** @type {MediaServer} */
let server;
/** @type {Chromium} */
let chromium;

/** Debian 12's simple-whip-client ends at once: it has libsoup 2, and the libnice there brings libsoup 3. */
const cannotRun =
  /^VERSION_CODENAME=bookworm$/m.test(readFileSync('/etc/os-release', 'utf8')) &&
  'Debian 12 has none that runs: it has libsoup 2, and the libnice there brings libsoup 3';

/**
 * The address of a room; `camera` has a broadcast of Chromium's, for players.
 * @param {'whip' | 'whep'} protocol
 * @param {string} room
 */
const endpoint = (protocol, room) => `${server.origin}/${protocol}/${room}`;

before(async () => {
  server = await MediaServer.start();
  chromium = await Chromium.start();
  await connect(chromium, server, 'whip', 'camera');
  await isPlayed('camera');
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
  endLibrary();
});

/**
 * Picture and sound of a room are decoded by Chromium.
 * @param {string} room
 */
async function isPlayed(room) {
  const { page } = await connect(chromium, server, 'whep', room);
  await page.decodesFrames();
  await page.hearsSound();
  assert.equal((await page.stats()).width, 320);
  await page.close();
}

/**
 * libdatachannel gets Opus, and the picture by this payload type, and nothing else.
 * @param {LibdatachannelPlayer} player
 * @param {number} video
 */
async function getsPackets(player, video) {
  const sound = `${LibdatachannelPlayer.payloadTypes.opus} ${player.ssrcOf('audio')}`;
  const picture = `${video} ${player.ssrcOf('video')}`;
  await until('sound and picture come', () =>
    [sound, picture].every((each) => (player.packets.get(each) ?? 0) >= 20),
  );
  assert.deepEqual([...player.packets.keys()].sort(), [sound, picture].sort());
}

test('OBS broadcasts to Chromium, to libdatachannel and to the room’s own page', async () => {
  const obs = await ObsEncoder.start(`${endpoint('whip', 'obs')}?of=no-use`);
  assert.doesNotMatch(obs.offer, /candidate|rtx|transport-cc|extmap/);
  assert.match(obs.offer, /m=audio 9 UDP\/TLS\/RTP\/SAVPF 111\r\n[^]*a=mid:0\r\n/);
  assert.match(obs.offer, /m=video 9 UDP\/TLS\/RTP\/SAVPF 96\r\n[^]*a=mid:1\r\n[^]*H264/);
  await isPlayed('obs');
  const player = await LibdatachannelPlayer.start(endpoint('whep', 'obs'));
  await getsPackets(player, LibdatachannelPlayer.payloadTypes.h264);
  const viewer = await chromium.open(`${server.origin}/watch.html?obs`);
  await viewer.decodesFrames();
  await viewer.hearsSound();
  assert.equal(await obs.stop(), 200);
  await viewer.says('cover', /ended/);
  assert.equal(await player.stop(), 200);
  await viewer.close();
});

test('libdatachannel plays VP8 by its own payload types', async () => {
  const player = await LibdatachannelPlayer.start(endpoint('whep', 'camera'));
  await getsPackets(player, LibdatachannelPlayer.payloadTypes.vp8);
  assert.equal(await player.stop(), 200);
});

test('Firefox broadcasts and plays', async (t) => {
  const firefox = await Firefox.start();
  t.after(() => firefox.stop());
  const talker = await connect(firefox, server, 'whip', 'firefox');
  const { page } = await connect(chromium, server, 'whep', 'firefox');
  await page.decodesFrames();
  await page.hearsSound();
  await page.close();
  assert.equal(await remove(server.origin + talker.location), 200);

  const player = await connect(firefox, server, 'whep', 'camera');
  assert.match(player.offer, /m=audio \d+ UDP\/TLS\/RTP\/SAVPF 109 /);
  assert.match(player.offer, /m=video \d+ UDP\/TLS\/RTP\/SAVPF 120 /);
  await player.page.decodesFrames();
  await player.page.hearsSound();
  assert.equal(await remove(server.origin + player.location), 200);
});

test('GStreamer’s webrtcbin broadcasts and plays', async () => {
  const talker = new GstreamerPeer('whip', endpoint('whip', 'gstreamer'));
  await talker.reports('broadcasts', ({ answer }) => answer !== undefined);
  assert.match(talker.report.offer ?? '', /a=sendrecv/);
  await isPlayed('gstreamer');
  assert.equal(await talker.stop(), 200);

  const player = new GstreamerPeer('whep', endpoint('whep', 'camera'));
  await player.reports('sees and hears', ({ frames = 0, energy = 0 }) => frames >= 10 && energy > 0);
  assert.match(player.report.answer ?? '', /a=rtpmap:98 VP8/);
  assert.equal(await player.stop(), 200);
});

test('Debian’s simple-whip-client broadcasts, and trickles with its ETag', { skip: cannotRun }, async () => {
  const client = new SimpleWhipClient(endpoint('whip', 'simple'));
  await isPlayed('simple');
  await client.stop();
  assert.match(client.printed, /Resource URL: http/);
  assert.doesNotMatch(client.printed, / \[\d+\] | \[trickle\] /, 'a request was refused');
});
