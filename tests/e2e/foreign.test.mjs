// Tests onair-forwarder with what others make: each peer as an encoder (WHIP) and as a player (WHEP), as far as it can.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { GstreamerPeer, SimpleWhipClient } from './gstreamer.mjs';
import { Libdatachannel } from './libdatachannel_process.mjs';
import { connect, MediaServer, remove } from './media.mjs';
import { RecordingProxy } from './recording_proxy.mjs';
import { Chromium, Firefox, until } from './support.mjs';
import { recordAnswers, serveWebClients } from './web_clients.mjs';

/** @type {Awaited<ReturnType<typeof serveWebClients>>} */
let clients;
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
  clients = await serveWebClients();
  server = await MediaServer.start('--allow-origin', clients.origin);
  chromium = await Chromium.start();
  await connect(chromium, server, 'whip', 'camera');
  await isPlayed('camera');
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
  clients?.stop();
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
 * libdatachannel gets Opus, and the picture by the payload type of this codec, and nothing else.
 * @param {Libdatachannel} player
 * @param {string} codec
 */
async function getsPackets(player, codec) {
  const { payloadTypes = {}, ssrcs = {} } = player.about;
  const sound = `${payloadTypes['opus']} ${ssrcs['audio']}`;
  const picture = `${payloadTypes[codec]} ${ssrcs['video']}`;
  await until('sound and picture come', async () => {
    const packets = await player.packets();
    return [sound, picture].every((each) => (packets.get(each) ?? 0) >= 20);
  });
  assert.deepEqual([...(await player.packets()).keys()].sort(), [sound, picture].sort());
}

test('OBS broadcasts to Chromium, to libdatachannel and to the room’s own page', async () => {
  const obs = await Libdatachannel.start('encoder', `${endpoint('whip', 'obs')}?of=no-use`);
  const { offer = '' } = obs.about;
  assert.doesNotMatch(offer, /candidate|rtx|transport-cc|extmap/);
  assert.match(offer, /m=audio 9 UDP\/TLS\/RTP\/SAVPF 111\r\n[^]*a=mid:0\r\n/);
  assert.match(offer, /m=video 9 UDP\/TLS\/RTP\/SAVPF 96\r\n[^]*a=mid:1\r\n[^]*H264/);
  await isPlayed('obs');
  const player = await Libdatachannel.start('player', endpoint('whep', 'obs'));
  await getsPackets(player, 'h264');
  const viewer = await chromium.open(`${server.origin}/watch.html?obs`);
  await viewer.decodesFrames();
  await viewer.hearsSound();
  assert.equal(await obs.stop(), 200);
  await viewer.says('cover', /ended/);
  assert.equal(await player.stop(), 200);
  await viewer.close();
});

test('libdatachannel plays VP8 by its own payload types', async () => {
  const player = await Libdatachannel.start('player', endpoint('whep', 'camera'));
  await getsPackets(player, 'vp8');
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

test('Debian’s simple-whip-client broadcasts, and trickles with its ETag', { skip: cannotRun }, async (t) => {
  const proxy = await RecordingProxy.start(server.origin);
  t.after(() => proxy.stop());
  const client = new SimpleWhipClient(`${proxy.origin}/whip/simple`);
  await isPlayed('simple');
  // It collects candidates for 100 ms, and sends them even after its DELETE.
  const last = await proxy.answers('PATCH', /end-of-candidates/);
  assert.equal(last.headers['if-match'], proxy.exchanges[0].tag);
  await client.stop();
  const answers = proxy.exchanges.map(({ method, status }) => `${method} ${status}`);
  assert.equal(answers[0], 'POST 201');
  assert.equal(answers.at(-1), 'DELETE 200');
  for (const answer of answers.slice(1, -1)) assert.equal(answer, 'PATCH 204');
});

test('Eyevinn’s encoder broadcasts', async () => {
  const page = await chromium.open(clients.origin);
  const answers = recordAnswers(page);
  await page.evaluate(async (address) => {
    const { WHIPClient } = window.packages['@eyevinn/whip-web-client'];
    const client = new WHIPClient({ endpoint: address, opts: { iceServers: [] } });
    window.stopClient = () => client.destroy();
    await client.ingest(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
    await client.getResourceUrl();
  }, endpoint('whip', 'eyevinn'));
  await isPlayed('eyevinn');
  await page.evaluate(() => window.stopClient());
  assert.deepEqual(answers, ['OPTIONS 200', 'POST 201', 'DELETE 200']);
  await page.close();
});

test('Eyevinn’s player plays', async () => {
  const page = await chromium.open(clients.origin);
  const answers = recordAnswers(page);
  await page.evaluate(async (address) => {
    const { WebRTCPlayer } = window.packages['@eyevinn/webrtc-player'];
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('video'));
    const player = new WebRTCPlayer({ video, type: 'whep', iceServers: [] });
    window.stopClient = () => player.unload();
    await player.load(new URL(address));
  }, endpoint('whep', 'camera'));
  await page.decodesFrames();
  await page.hearsSound();
  await page.evaluate(() => window.stopClient());
  assert.deepEqual(answers, ['POST 201', 'DELETE 200']);
  await page.close();
});

test('medooze’s client broadcasts and plays, and trickles', async () => {
  const talker = await chromium.open(clients.origin);
  const answersToTalker = recordAnswers(talker);
  await talker.evaluate(async (address) => {
    const connection = new RTCPeerConnection();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of stream.getTracks()) connection.addTrack(track);
    const client = new window.packages['whip-whep'].WHIPClient();
    window.stopClient = () => client.stop();
    await client.publish(connection, address);
  }, endpoint('whip', 'medooze'));
  await isPlayed('medooze');
  await talker.evaluate(() => window.stopClient());
  assert.deepEqual(new Set(answersToTalker), new Set(['POST 201', 'PATCH 204', 'DELETE 200']));
  await talker.close();

  const player = await chromium.open(clients.origin);
  const answersToPlayer = recordAnswers(player);
  await player.evaluate(async (address) => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('video'));
    const connection = new RTCPeerConnection();
    // As its README does: the offer would send too.
    connection.addTransceiver('audio');
    connection.addTransceiver('video');
    connection.ontrack = ({ streams }) => {
      video.srcObject = streams[0];
    };
    const client = new window.packages['whip-whep'].WHEPClient();
    window.stopClient = () => client.stop();
    await client.view(connection, address);
  }, endpoint('whep', 'camera'));
  await player.decodesFrames();
  await player.hearsSound();
  await player.evaluate(() => window.stopClient());
  assert.deepEqual(new Set(answersToPlayer), new Set(['POST 201', 'PATCH 204', 'DELETE 200']));
  await player.close();
});
