// Tests the built WASM client between a page and a fake browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, beforeEach, mock, test } from 'node:test';

import {
  FakePeerConnection,
  FakeStream,
  FakeVideo,
  FakeWebSocket,
  install,
  loadClient,
  letTimePass,
  put,
  settle,
  standing,
} from './fake_browser.mjs';
import { mistakesIn, seen } from './types.mjs';

install({});
const onair = await loadClient();

/**
 * @typedef {import('../../client_wasm/browser/onair.mjs').Onair} Onair
 * @typedef {import('../../client_wasm/browser/onair.mjs').ChatEvent} ChatEvent
 */

/**
 * @typedef {object} Media what stands for navigator.mediaDevices
 * @property {object[]} asked
 * @property {FakeStream} camera
 * @property {FakeStream} screen
 * @property {Error} [error]
 * @property {(constraints: object) => Promise<FakeStream>} getUserMedia
 * @property {((constraints: object) => Promise<FakeStream>) | undefined} getDisplayMedia
 * @property {() => Promise<object[]>} [enumerateDevices]
 * @property {(event: object) => void} [ondevicechange]
 */

/** @type {Media} */
let media;
/** @type {{ link: string, stage?: string }[]} */
let views;
/** @type {[from: string, text: string][]} */
let texts;
/** @type {ChatEvent[]} */
let chats;
/** @type {string | null} */
let kept;
/**
 * Where a page is given something other than onair.d.mts declares.
 * @type {string[]}
 */
let mistakes;

beforeEach(() => {
  media = {
    asked: [],
    camera: new FakeStream('audio', 'video'),
    screen: new FakeStream('video'),
    getUserMedia(constraints) {
      this.asked.push(constraints);
      return this.error ? Promise.reject(this.error) : Promise.resolve(this.camera);
    },
    getDisplayMedia(constraints) {
      this.asked.push(constraints);
      return this.error ? Promise.reject(this.error) : Promise.resolve(this.screen);
    },
  };
  install(media);
  mock.method(console, 'debug', () => {});
  views = [];
  texts = [];
  chats = [];
  kept = null;
  mistakes = [];
});

afterEach(() => {
  mock.restoreAll();
  assert.deepEqual(mistakes, []);
});

after(() => {
  for (const name of ['TalkView', 'WatchView', 'Reception', 'ViewerView', 'Device', 'MediaChoice', 'ChatEvent']) {
    assert.ok(seen.has(name), `no test has given a page a ${name}`);
  }
});

/**
 * @template {'TalkClient' | 'WatchClient'} Kind
 * @param {Kind} kind
 * @param {FakeVideo} video
 * @param {Partial<Pick<import('../../client_wasm/browser/onair.mjs').PageOptions<never>, 'entryToken' | 'tile' | 'crossfade'>>} more
 */
function make(kind, video = new FakeVideo(), more = {}) {
  const made = new onair[kind]({
    url: 'ws://here/ws',
    room: 'lesson',
    video: standing(video),
    token: kept,
    remember: (token) => {
      kept = token;
    },
    changed: (/** @type {typeof views[number]} */ view) => {
      mistakes.push(...mistakesIn(view, kind === 'TalkClient' ? 'TalkView' : 'WatchView'));
      views.push(view);
    },
    text: (from, text) => texts.push([from, text]),
    chat: (event) => {
      mistakes.push(...mistakesIn(event, 'ChatEvent'));
      chats.push(event);
    },
    ...more,
  });
  const client = /** @type {InstanceType<Onair[Kind]>} */ (made);
  client.start();
  return { client, video };
}

/** @param {string[]} talkers */
function join(talkers = []) {
  const socket = lastSocket();
  socket.open();
  socket.deliver({ type: 'welcome', id: 'me', room: 'lesson', resume: 'token', iceServers: [], talkers });
  return socket;
}

async function goOnAir() {
  const made = make('TalkClient');
  const socket = join();
  made.client.startVideo();
  await settle();
  made.video.onloadedmetadata({});
  return { ...made, socket };
}

const lastSocket = () => FakeWebSocket.all[FakeWebSocket.all.length - 1];
/** @param {FakeWebSocket} socket */
const lastSent = (socket) => socket.sent[socket.sent.length - 1];
const lastConnection = () => FakePeerConnection.all[FakePeerConnection.all.length - 1];

test('reads the room name from the page’s query', () => {
  assert.deepEqual(onair.roomOfQuery('?%E6%95%99%E5%AE%A4'), { room: '教室' });
  assert.deepEqual(onair.roomOfQuery(''), { room: '_defaultroom' });
  assert.match(String(onair.roomOfQuery('?%ff').error), /UTF-8/);
});

test('enters as a talker, starts the camera and goes on air when the metadata is there', async () => {
  const { client, video, socket } = await goOnAir();
  assert.equal(socket.url, 'ws://here/ws');
  assert.deepEqual(socket.sent[0], { type: 'enter', room: 'lesson', role: 'talk' });
  assert.deepEqual(media.asked, [{ audio: true, video: { width: 1280, height: 720 } }]);
  assert.equal(video.srcObject, media.camera);
  assert.equal(video.muted, true);
  assert.deepEqual(lastSent(socket), { type: 'talk_ready' });
  assert.equal(client.view().stage, 'on_air');
  assert.equal(views.at(-1)?.stage, 'on_air');
  client.leave();
});

test('offers to send, never to receive, and opens the data channel', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const connection = lastConnection();
  assert.deepEqual(
    connection.transceivers.map(({ direction, streams, sender }) => [
      direction,
      streams?.[0],
      sender.track?.kind,
    ]),
    [
      ['sendonly', media.camera, 'audio'],
      ['sendonly', media.camera, 'video'],
    ],
  );
  assert.equal(connection.channels[0].label, 'onair');
  assert.deepEqual(connection.channels[0].options, { ordered: false, maxPacketLifeTime: 3000 });
  const offer = lastSent(socket);
  assert.equal(offer.sdp, 'offer sdp');
  assert.equal(offer.sendto, 'v');
  assert.equal(typeof offer.connection, 'number');
  client.leave();
});

test('exchanges candidates and their end, and holds them until the answer is applied', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const connection = lastConnection();
  const id = lastSent(socket).connection;

  connection.onicecandidate({ candidate: { candidate: 'c1', sdpMid: '0', sdpMLineIndex: 0 } });
  assert.deepEqual(lastSent(socket), {
    type: 'candidate', sendto: 'v', candidate: 'c1', sdpMid: '0', sdpMLineIndex: 0, connection: id,
  });
  connection.onicecandidate({ candidate: null });
  assert.equal(lastSent(socket).candidate, null);

  socket.deliver({ type: 'candidate', from: 'v', candidate: 'c2', sdpMid: '0', sdpMLineIndex: 0 });
  assert.deepEqual(connection.candidates, []);
  socket.deliver({ type: 'answer', from: 'v', sdp: 'answer sdp', connection: id });
  await settle();
  assert.deepEqual(connection.remoteDescription, { type: 'answer', sdp: 'answer sdp' });
  assert.deepEqual(connection.candidates, [
    { candidate: 'c2', sdpMid: '0', sdpMLineIndex: 0 },
  ]);
  socket.deliver({ type: 'candidate', from: 'v', candidate: null });
  assert.equal(connection.candidates.at(-1), null);
  client.leave();
});

test('hangs up on Stop, stops every track and clears the preview', async () => {
  const { client, video, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  client.stopVideo();
  assert.deepEqual(lastSent(socket), { type: 'end_talk' });
  assert.equal(lastConnection().closed, true);
  assert.ok(media.camera.tracks.every((track) => track.stopped));
  assert.equal(video.srcObject, null);
  assert.equal(lastConnection().onicecandidate, null);
  client.leave();
});

test('switches from camera to screen and keeps the microphone', async () => {
  const { client, video, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const [microphone, camera] = media.camera.tracks;
  client.startScreen();
  await settle();
  assert.deepEqual(video.srcObject?.getTracks(), [media.screen.getVideoTracks()[0], microphone]);
  assert.deepEqual(
    lastConnection().transceivers.map(({ sender }) => sender.track),
    [microphone, media.screen.getVideoTracks()[0]],
  );
  assert.equal(camera.stopped, true);
  assert.equal(microphone.stopped, false);
  client.stopVideo();
  assert.equal(microphone.stopped, true);
  client.leave();
});

test('gives a viewer whose connection takes no other tracks a new one with them', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const old = lastConnection();
  FakePeerConnection.failing.add('replaceTrack');
  client.startScreen();
  await settle();
  assert.equal(old.closed, true);
  assert.deepEqual(
    lastConnection().transceivers.map(({ sender }) => sender.track),
    [media.camera.tracks[0], media.screen.getVideoTracks()[0]],
  );
  assert.deepEqual([lastSent(socket).type, lastSent(socket).sendto], ['offer', 'v']);
  client.leave();
});

for (const [name, notice] of [
  ['NotAllowedError', 'camera_refused'],
  ['NotFoundError', 'no_camera'],
  ['OverconstrainedError', 'no_camera'],
  ['NotReadableError', 'camera_in_use'],
  ['SomethingElse', 'media_failed'],
]) {
  test(`reports a camera that fails with ${name} as ${notice}`, async () => {
    const { client } = make('TalkClient');
    join();
    media.error = new DOMException('no', name);
    client.startVideo();
    await settle();
    assert.equal(client.view().notice, notice);
    assert.equal(client.view().stage, 'idle');
    client.leave();
  });
}

test('reports a page without mediaDevices as not secure', async () => {
  const { client } = make('TalkClient');
  join();
  put({ navigator: {}, isSecureContext: false });
  client.startVideo();
  await settle();
  assert.equal(client.view().notice, 'insecure_context');
  client.leave();
});

test('reports a browser that can’t share its screen', async () => {
  const { client } = make('TalkClient');
  join();
  media.getDisplayMedia = undefined;
  client.startScreen();
  await settle();
  assert.equal(client.view().notice, 'screen_not_supported');
  client.leave();
});

for (const method of ['setLocalDescription', 'construction']) {
  test(`declines and forgets the viewer when a talker’s ${method} fails`, async () => {
    const { client, socket } = await goOnAir();
    FakePeerConnection.failing.add(method);
    FakePeerConnection.constructionFails = method === 'construction';
    socket.deliver({ type: 'talk_request', from: 'v' });
    await settle();
    assert.deepEqual(lastSent(socket), { type: 'talk_declined', sendto: 'v', reason: 'failed' });
    assert.ok(FakePeerConnection.all.every(({ closed }) => closed));
    assert.equal(client.view().connecting, 0);
    client.leave();
  });
}

test('answers as a viewer and shows the stream once', async () => {
  const { client, video } = make('WatchClient');
  const socket = join(['t']);
  assert.deepEqual(lastSent(socket), { type: 'talk_request', sendto: 't' });
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp', connection: 7 });
  await settle();
  const connection = lastConnection();
  assert.deepEqual(lastSent(socket), {
    type: 'answer', sendto: 't', sdp: 'answer sdp', connection: 7,
  });
  const stream = new FakeStream('audio', 'video');
  connection.ontrack({ streams: [stream], track: stream.tracks[0] });
  connection.ontrack({ streams: [stream], track: stream.tracks[1] });
  assert.equal(video.srcObject, stream);
  connection.become('connected');
  assert.equal(client.view().picture, 'live');

  socket.deliver({ type: 'end_talk', from: 't' });
  assert.equal(video.srcObject, null);
  assert.equal(connection.closed, true);
  assert.equal(client.view().picture, 'ended');
  client.leave();
});

test('tells a viewer how the picture arrives', async () => {
  const { client } = make('WatchClient');
  const socket = join(['t']);
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp', connection: 7 });
  await settle();
  const connection = lastConnection();
  const stream = new FakeStream('video');
  connection.ontrack({ streams: [stream], track: stream.tracks[0] });
  connection.become('connected');
  assert.equal(client.view().reception, null);
  const video = { type: 'inbound-rtp', kind: 'video', codecId: 'c', frameWidth: 640, frameHeight: 360, framesPerSecond: 25 };
  const pair = { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.05 };
  for (const seconds of [1, 2]) {
    connection.stats = new Map(
      Object.entries({
        v: { ...video, bytesReceived: seconds * 100_000, packetsReceived: seconds * 90, packetsLost: seconds * 10 },
        c: { type: 'codec', mimeType: 'video/VP8' },
        p: { ...pair, localCandidateId: 'l', remoteCandidateId: 'r' },
        l: { type: 'local-candidate', candidateType: 'relay' },
      }),
    );
    letTimePass();
    await settle();
  }
  const { quality, width, height, framesPerSecond, codec, relayed } = client.view().reception ?? {};
  assert.deepEqual(
    { quality, width, height, framesPerSecond, codec, relayed },
    { quality: 'poor', width: 640, height: 360, framesPerSecond: 25, codec: 'video/VP8', relayed: true },
  );
  client.leave();
});

for (const [what, streamsOf] of /** @type {[string, (track: object) => object[]][]} */ ([
  ['without a stream', () => []],
  ['in a stream of its own', (track) => [Object.assign(new FakeStream(), { tracks: [track] })]],
])) {
  test(`shows tracks that come each ${what}, as one picture`, async () => {
    const { client, video } = make('WatchClient');
    const socket = join(['t']);
    socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp' });
    await settle();
    const { tracks } = new FakeStream('audio', 'video');
    for (const track of tracks) lastConnection().ontrack({ streams: streamsOf(track), track });
    assert.deepEqual(video.srcObject?.getTracks(), tracks);
    client.leave();
  });
}

for (const method of ['setRemoteDescription', 'setLocalDescription']) {
  test(`sends bye and asks again after a while when a viewer’s ${method} fails`, async () => {
    const { client } = make('WatchClient');
    const socket = join(['t']);
    FakePeerConnection.failing.add(method);
    socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp' });
    await settle();
    assert.deepEqual(lastSent(socket), { type: 'bye', sendto: 't' });
    assert.equal(lastConnection().closed, true);
    letTimePass();
    assert.deepEqual(lastSent(socket), { type: 'talk_request', sendto: 't' });
    client.leave();
  });
}

test('sends texts over the data channel both ways', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const [channel] = lastConnection().channels;
  client.sendText('too early');
  assert.deepEqual(channel.sent, []);
  channel.open();
  client.sendText('welcome 👋');
  assert.deepEqual(channel.sent, ['welcome 👋']);
  channel.onmessage({ data: 'hello' });
  channel.onmessage({ data: new ArrayBuffer(2) });
  assert.deepEqual(texts, [['v', 'hello']]);
  channel.onerror({ error: new DOMException('broken', 'OperationError') });
  channel.onclose({});
  client.sendText('too late');
  assert.deepEqual(channel.sent, ['welcome 👋']);
  client.leave();
});

test('uses as a viewer the channel that the talker opened', async () => {
  const { client } = make('WatchClient');
  const socket = join(['t']);
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp' });
  await settle();
  const channel = lastConnection().bringChannel();
  channel.open();
  client.sendText('hello');
  assert.deepEqual(channel.sent, ['hello']);
  client.leave();
});

test('accepts one channel of each kind at a time and closes further ones', async () => {
  const { client } = make('WatchClient');
  const socket = join(['t']);
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp' });
  await settle();
  const connection = lastConnection();
  const [first, chat] = [connection.bringChannel(), connection.bringChannel('chat')];
  first.open();
  chat.open();
  for (const label of ['onair', 'chat', 'another']) {
    for (let i = 0; i < 100; ++i) {
      const further = connection.bringChannel(label);
      assert.equal(further.readyState, 'closed');
      assert.throws(() => further.open(), /does not listen/);
    }
  }
  client.sendText('hello');
  assert.deepEqual(first.sent, ['hello']);
  first.close();
  const next = connection.bringChannel();
  next.open();
  client.sendText('again');
  assert.deepEqual(next.sent, ['again'], 'it replaces one that has closed');
  client.leave();
});

test('sends nothing more over a channel whose other end does not read', async () => {
  const { client, chat } = await withChat();
  const [channel] = lastConnection().channels;
  channel.open();
  const sent = [channel.sent.length, chat.sent.length];
  channel.bufferedAmount = chat.bufferedAmount = 2_000_000;
  client.sendText('too much');
  client.say('', 'too much');
  assert.deepEqual([channel.sent.length, chat.sent.length], sent);
  channel.bufferedAmount = chat.bufferedAmount = 0;
  client.sendText('fine');
  client.say('', 'fine');
  assert.deepEqual([channel.sent.length, chat.sent.length], [sent[0] + 1, sent[1] + 1]);
  client.leave();
});

test('drops texts that are too long', async () => {
  const { client } = await withChat();
  const [channel] = lastConnection().channels;
  channel.open();
  channel.onmessage({ data: 'x'.repeat(250_000) });
  channel.onmessage({ data: 'x'.repeat(4096) });
  assert.deepEqual(texts.map(([, text]) => text.length), [4096]);
  client.leave();
});

test('warns a few times about frames that peers may not send', async () => {
  const warn = mock.method(console, 'warn', () => {});
  const { client, socket } = await goOnAir();
  for (let i = 0; i < 10_000; ++i) socket.deliver({ type: 'answer', from: 'x' });
  assert.equal(warn.mock.callCount(), 20);
  client.leave();
});

test('creates few connections for a viewer that asks a thousand times', async () => {
  const { client, socket } = await goOnAir();
  for (let i = 0; i < 1000; ++i) socket.deliver({ type: 'talk_request', from: 'x' });
  await settle();
  assert.ok(FakePeerConnection.all.length <= 11, `${FakePeerConnection.all.length} were created`);
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  assert.equal(lastSent(socket).type, 'offer');
  assert.equal(lastSent(socket).sendto, 'v');
  client.leave();
});

test('opens a lost socket again after a while, with the token', () => {
  const { client } = make('WatchClient');
  join();
  FakeWebSocket.all[0].lose();
  assert.equal(client.view().link, 'reconnecting');
  assert.equal(FakeWebSocket.all.length, 1);
  letTimePass();
  assert.equal(FakeWebSocket.all.length, 2);
  FakeWebSocket.all[1].open();
  assert.equal(FakeWebSocket.all[1].sent[0].resume, 'token');
  client.leave();
});

test('resumes after a reload with the stored token', () => {
  make('WatchClient');
  join();
  assert.equal(kept, 'token');
  const { client } = make('WatchClient');
  const socket = lastSocket();
  socket.open();
  assert.deepEqual(socket.sent[0], {
    type: 'enter', room: 'lesson', role: 'watch', resume: 'token', fresh: true, caps: ['forwarded'],
  });
  client.leave();
});

test('limits the bit rate of each viewer by uplink and encoder', async () => {
  put({ navigator: { mediaDevices: media, hardwareConcurrency: 4 } });
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const connection = lastConnection();
  socket.deliver({ type: 'answer', from: 'v', sdp: 'answer sdp' });
  await settle();
  const [, picture] = connection.transceivers;
  assert.deepEqual(picture.sender.parameters, {
    encodings: [{ maxBitrate: 2_500_000, scaleResolutionDownBy: 1 }],
    degradationPreference: 'balanced',
  });
  connection.become('connected');
  assert.equal(client.view().uplinkBps, 2_500_000);
  const before = client.view().capacity;
  connection.stats = new Map([
    ['a', { type: 'outbound-rtp', kind: 'audio' }],
    ['s', { type: 'media-source', kind: 'video', framesPerSecond: 30 }],
    ['o', { type: 'outbound-rtp', kind: 'video', qualityLimitationReason: 'cpu', framesPerSecond: 12 }],
  ]);
  for (let round = 0; round < 2; ++round) {
    letTimePass(); // a round counts when the next one begins
    await settle();
  }
  assert.ok(client.view().capacity < before);
  client.leave();
});

test('takes no more viewers than the example of coturn has allocations for', async () => {
  put({ navigator: { mediaDevices: media, hardwareConcurrency: 1000 } });
  const { client } = await goOnAir();
  const { capacity } = client.view();
  const example = readFileSync(new URL('../../server/examples/turnserver.conf', import.meta.url), 'utf8');
  const servers = example.match(/^#\s+turn-server=/gm)?.length ?? 0;
  const quota = Number(example.match(/^user-quota=(\d+)$/m)?.[1]);
  assert.ok(servers > 0 && capacity > 24, `${servers} servers, ${capacity} viewers`);
  assert.equal(quota, capacity * servers * 2, 'twice as many while it reconnects');
  client.leave();
});

test('restarts ICE with fresh credentials and keeps the connection', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const id = lastSent(socket).connection;
  socket.deliver({ type: 'answer', from: 'v', sdp: 'answer sdp', connection: id });
  await settle();
  const iceServers = [{ urls: ['turn:t'], username: 'later:me', credential: 'secret' }];
  socket.deliver({ type: 'pong', iceServers });
  socket.deliver({ type: 'talk_request', from: 'v', connection: id });
  await settle();
  assert.equal(FakePeerConnection.all.length, 1);
  assert.equal(lastConnection().restarts, 1);
  assert.deepEqual(lastConnection().configuration.iceServers, iceServers);
  assert.equal(lastSent(socket).type, 'offer');
  assert.equal(lastSent(socket).connection, id);
  client.leave();
});

test('uses a socket that the page began to open', async () => {
  const begun = new FakeWebSocket('ws://here/ws');
  begun.readyState = 1; // opened before the client existed
  const client = new onair.WatchClient({
    url: 'ws://here/ws', socket: standing(begun), room: 'r', video: standing(new FakeVideo()),
    changed() {}, text() {}, remember() {},
  });
  client.start();
  await settle();
  assert.equal(begun.sent[0].type, 'enter');
  assert.equal(FakeWebSocket.all.length, 1);
  client.leave();
});

test('reports an address that the browser refuses as an unreachable server', () => {
  const client = new onair.WatchClient({
    url: 'ws://refused/', room: 'r', video: standing(new FakeVideo()), changed() {}, text() {}, remember() {},
  });
  client.start();
  assert.equal(client.view().link, 'unreachable');
  client.leave();
});

test('ignores callbacks after the client was deleted', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'talk_request', from: 'v' });
  const connection = lastConnection();
  const late = connection.onconnectionstatechange;
  client.delete();
  await settle();
  late({});
  socket.deliver({ type: 'talk_request', from: 'w' });
  await settle();
  assert.equal(FakePeerConnection.all.length, 1);
});

test('ignores data that is no message', () => {
  const warned = mock.method(console, 'warn', () => {});
  const { client } = make('WatchClient');
  const socket = join();
  socket.onmessage({ data: 'not json' });
  socket.onmessage({ data: new ArrayBuffer(4) });
  socket.deliver({ type: 'offer', from: 't' });
  assert.equal(warned.mock.callCount(), 2);
  assert.equal(FakePeerConnection.all.length, 0);
  client.leave();
});

for (const old of [false, true]) {
  test(`survives an exception in the page’s own function, which ${old ? 'an old browser logs' : 'the browser reports'}`, () => {
    const logged = mock.method(console, 'error', () => {});
    const reported = mock.fn();
    if (!old) put({ reportError: reported });
    const bug = new Error('a bug in the page');
    const client = new onair.WatchClient({
      url: 'ws://here/ws', room: 'r', video: standing(new FakeVideo()),
      changed() { throw bug; },
      text() {},
      remember() {},
    });
    client.start();
    join();
    assert.equal(client.view().link, 'joined');
    const [owner, other] = old ? [logged, reported] : [reported, logged];
    assert.equal(owner.mock.calls[0]?.arguments[0], bug);
    assert.equal(other.mock.callCount(), 0);
    client.leave();
  });
}

test('tells the page of the players of the server’s forwarder', async () => {
  const { client, socket } = await goOnAir();
  socket.deliver({ type: 'players', from: 'f', players: 3 });
  for (const from of ['f', 'v']) socket.deliver({ type: 'talk_request', from });
  await settle();
  assert.deepEqual(client.view().audience.map(({ id, players }) => [id, players]), [['f', 3], ['v', null]]);
  client.leave();
});

/** @param {{ sent: string[] }} channel */
const lastOf = ({ sent }) => JSON.parse(sent[sent.length - 1]);

/** Makes a talker with one viewer whose chat is open. */
async function withChat() {
  const made = await goOnAir();
  made.socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  const chat = lastConnection().channels[1];
  chat.open();
  return { ...made, chat };
}

test('opens a separate channel for the chat, reliable and ordered', async () => {
  const { client, chat } = await withChat();
  assert.equal(chat.label, 'chat');
  assert.deepEqual(chat.options, { ordered: true });
  assert.deepEqual(chat.sent.map((text) => JSON.parse(text)), [
    { type: 'begin', muted: false },
    { type: 'media', picture: 'live', sound: 'live' },
  ]);

  chat.onmessage({ data: JSON.stringify({ type: 'say', name: 'Aki', text: '<b>' }) });
  assert.deepEqual(chats, [
    { kind: 'line', id: 1, name: 'Aki', text: '<b>', host: false, yours: false, author: 'v' },
  ]);
  assert.deepEqual(lastOf(chat), { type: 'line', id: 1, name: 'Aki', text: '<b>', yours: true });
  assert.equal(client.view().audience[0].name, 'Aki');

  client.removeChatLine(1);
  assert.deepEqual(chats.at(-1), { kind: 'removed', id: 1 });
  assert.deepEqual(lastOf(chat), { type: 'removed', id: 1 });
  client.mute('v', true);
  assert.deepEqual(lastOf(chat), { type: 'muted', muted: true });
  client.say('', 'quiet, please');
  assert.deepEqual(lastOf(chat), { type: 'line', id: 2, name: '', text: 'quiet, please', host: true });

  const count = chats.length;
  for (const data of ['not json', '{"type":"say"}', new ArrayBuffer(4)]) chat.onmessage({ data });
  assert.equal(chats.length, count, 'data that is no chat message is dropped');
  client.leave();
});

test('announces a preview only after On Air', async () => {
  const { client, video } = make('TalkClient');
  const socket = join();
  client.preview();
  await settle();
  video.onloadedmetadata({});
  assert.equal(client.view().stage, 'preview');
  assert.equal(lastSent(socket).type, 'enter');
  client.onAir();
  assert.equal(lastSent(socket).type, 'talk_ready');
  assert.ok(Number.isInteger(client.view().onAirSince));
  client.leave();
});

test('lists devices, chooses them by id, and switches them off and on', async () => {
  media.enumerateDevices = async () => [
    { kind: 'videoinput', deviceId: 'c1', label: 'Webcam' },
    { kind: 'audioinput', deviceId: 'm1', label: '' },
    { kind: 'audiooutput', deviceId: 's1', label: 'Speaker' },
  ];
  const { client } = await goOnAir();
  await settle();
  assert.deepEqual(client.view().devices, [
    { kind: 'camera', id: 'c1', label: 'Webcam' },
    { kind: 'microphone', id: 'm1', label: '' },
  ]);
  client.choose({ camera: 'c1', microphone: 'm1', size: 'large', sound: 'speech' });
  await settle();
  assert.deepEqual(media.asked.at(-1), {
    audio: { deviceId: { exact: 'm1' } },
    video: { width: 1920, height: 1080, deviceId: { exact: 'c1' } },
  });
  client.switchMicrophone(false);
  client.switchCamera(false);
  assert.deepEqual(media.camera.tracks.map(({ enabled }) => enabled), [false, false]);
  client.switchCamera(true);
  assert.deepEqual(media.camera.tracks.map(({ enabled }) => enabled), [false, true]);
  assert.equal(client.view().microphoneOn, false);

  media.enumerateDevices = async () => [];
  assert.ok(media.ondevicechange);
  media.ondevicechange({});
  await settle();
  assert.deepEqual(client.view().devices, []);
  client.leave();
});

test('sends a token at each entry, and takes the name from the welcome', () => {
  const { client } = make('WatchClient', new FakeVideo(), { entryToken: 'jwt' });
  const socket = lastSocket();
  socket.open();
  assert.deepEqual(lastSent(socket), { type: 'enter', room: 'lesson', role: 'watch', token: 'jwt', caps: ['forwarded'] });
  assert.equal(client.view().name, null);
  socket.deliver({ type: 'welcome', id: 'me', room: 'lesson', resume: 't', iceServers: [], talkers: [], name: 'Hanako' });
  assert.equal(client.view().name, 'Hanako');
  client.leave();
});

test('reports by its code the error that keeps it out', async () => {
  const { client } = make('TalkClient');
  const socket = lastSocket();
  socket.open();
  socket.deliver({ type: 'error', code: 'room_taken', message: 'Somebody else talks in this room.' });
  assert.equal(client.view().link, 'refused');
  assert.equal(client.view().refusal, 'room_taken');
  letTimePass();
  await settle();
  join();
  assert.equal(client.view().refusal, '');
  client.leave();
});

test('locks the room, removes a viewer, and ends it for everyone', async () => {
  const { client, socket } = await goOnAir();
  client.lockRoom(true);
  assert.deepEqual(lastSent(socket), { type: 'lock_room', locked: true });
  assert.equal(client.view().locked, true);
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  client.removeViewer('v');
  assert.deepEqual(lastSent(socket), { type: 'remove_peer', id: 'v' });
  assert.equal(lastConnection().closed, true);
  client.endRoom();
  assert.deepEqual(socket.sent.slice(-2), [{ type: 'end_talk' }, { type: 'end_room' }]);
  assert.equal(client.view().stage, 'idle');
  client.leave();
});

test('clears the picture of a removed viewer, and does not reconnect', async () => {
  const { client, video } = make('WatchClient');
  const socket = join(['t']);
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp' });
  await settle();
  const stream = new FakeStream('audio', 'video');
  lastConnection().ontrack({ streams: [stream], track: stream.tracks[0] });
  lastConnection().become('connected');
  const sockets = FakeWebSocket.all.length;
  socket.deliver({ type: 'error', code: 'removed', message: 'You were sent out of this room.' });
  assert.equal(client.view().refusal, 'removed');
  assert.equal(video.srcObject, null);
  assert.equal(lastConnection().closed, true);
  letTimePass();
  await settle();
  assert.equal(FakeWebSocket.all.length, sockets);
  client.leave();
});

/**
 * Plays a talker or a forwarder whose picture and sound come to the viewer; gives the tracks.
 * @param {FakeWebSocket} socket
 * @param {string} from
 * @param {number} connection
 */
async function connect(socket, from, connection) {
  socket.deliver({ type: 'offer', from, sdp: 'offer sdp', connection });
  await settle();
  const stream = new FakeStream('audio', 'video');
  const tracks = stream.getTracks();
  const made = lastConnection();
  made.ontrack({ streams: [stream], track: tracks[0] });
  made.become('connected');
  made.stats = new Map([
    ['a', { type: 'inbound-rtp', kind: 'audio', packetsReceived: 5 }],
    ['v', { type: 'inbound-rtp', kind: 'video', framesDecoded: 1 }],
  ]);
  for (let round = 0; round < 10; ++round) {
    letTimePass(100);
    await settle();
  }
  return tracks;
}

const moves = /** @type {[string, object][]} */ ([
  ['f', { type: 'talk_ready', from: 'f', of: 't' }],
  ['t', { type: 'talk_ready', from: 't', direct: true }],
  ['f', { type: 'talk_ready', from: 'f', of: 't' }],
  ['t', { type: 'talk_ready', from: 't', direct: true }],
]);

test('keeps one stream, picture and sound, while a viewer moves to the forwarder, back, and back again', async () => {
  const { client, video } = make('WatchClient');
  const socket = join(['t']);
  const first = await connect(socket, 't', 1);
  const shown = video.srcObject;
  assert.deepEqual(shown?.getTracks(), first);
  const volumes = watchVolume(video);
  for (const [i, [from, invitation]] of moves.entries()) {
    socket.deliver(invitation);
    const tracks = await connect(socket, from, i + 2);
    assert.equal(video.srcObject, shown, 'the element goes on playing');
    assert.deepEqual(new Set(shown?.getTracks()), new Set(tracks));
    assert.deepEqual(volumes.splice(0), [0, 0.7], 'the old sound is not heard once it is replaced');
  }
  client.leave();
});

/** @param {FakeVideo} video gets a volume whose changes are noted */
function watchVolume(video) {
  /** @type {number[]} */
  const volumes = [];
  Object.defineProperty(video, 'volume', {
    get: () => volumes.at(-1) ?? 0.7,
    set: (next) => volumes.push(next),
  });
  return volumes;
}

for (const takes of [true, false]) {
  test(`exchanges the picture at once, and ${takes ? 'leaves the sound to the page' : 'the sound where the page does not'}`, async () => {
    /** @type {[shown: unknown, sound: unknown][]} */
    const asked = [];
    const crossfade = (/** @type {unknown} */ shown, /** @type {unknown} */ sound) => {
      asked.push([shown, sound]);
      return takes;
    };
    const { client, video } = make('WatchClient', new FakeVideo(), { crossfade });
    const socket = join(['t']);
    const [oldSound] = await connect(socket, 't', 1);
    const shown = video.srcObject;
    const volumes = watchVolume(video);
    socket.deliver(moves[0][1]);
    const [newSound, newPicture] = await connect(socket, 'f', 2);
    assert.deepEqual(asked, [[shown, [newSound]]]);
    assert.deepEqual(new Set(shown?.getTracks()), new Set([newPicture, takes ? oldSound : newSound]));
    assert.equal(volumes.length, takes ? 0 : 2);
    client.leave();
  });
}

test('a page that fails to exchange the sound stops neither the sound nor the picture', async () => {
  const crossfade = () => {
    throw new Error('no');
  };
  const { client, video } = make('WatchClient', new FakeVideo(), { crossfade });
  const socket = join(['t']);
  await connect(socket, 't', 1);
  socket.deliver(moves[0][1]);
  const tracks = await connect(socket, 'f', 2);
  assert.deepEqual(new Set(video.srcObject?.getTracks()), new Set(tracks));
  client.leave();
});

test('a further talker’s picture goes on in its element while the viewer moves', async () => {
  /** @type {[id: string, stream: unknown][]} */
  const tiles = [];
  const { client } = make('WatchClient', new FakeVideo(), { tile: (id, stream) => tiles.push([id, stream]) });
  const socket = lastSocket();
  socket.open();
  socket.deliver({ type: 'welcome', id: 'me', room: 'lesson', resume: 't', iceServers: [], talkers: [], talkersPerRoom: 2 });
  for (const [i, talker] of ['a', 'b'].entries()) {
    socket.deliver({ type: 'talk_ready', from: talker });
    await connect(socket, talker, i + 1);
  }
  const [[id, shown]] = tiles;
  assert.equal(id, 'b');
  socket.deliver({ type: 'talk_ready', from: 'f', of: 'b' });
  const tracks = await connect(socket, 'f', 3);
  assert.equal(tiles.length, 1, 'no other element');
  assert.deepEqual(new Set(Object(shown).getTracks()), new Set(tracks));
  socket.deliver({ type: 'end_talk', from: 'b' });
  assert.deepEqual(tiles.at(-1), ['b', null]);
  client.leave();
});

test('gives the page the pictures of further talkers', async () => {
  /** @type {[id: string, stream: unknown][]} */
  const tiles = [];
  const { client, video } = make('WatchClient', new FakeVideo(), { tile: (id, stream) => tiles.push([id, stream]) });
  const socket = lastSocket();
  socket.open();
  socket.deliver({ type: 'welcome', id: 'me', room: 'lesson', resume: 't', iceServers: [], talkers: ['a', 'b'], talkersPerRoom: 2 });
  const streams = { a: new FakeStream('audio', 'video'), b: new FakeStream('audio', 'video') };
  for (const from of /** @type {const} */ (['a', 'b'])) {
    socket.deliver({ type: 'offer', from, sdp: 'offer sdp' });
    await settle();
    const asked = socket.sent.filter(({ type }) => type === 'talk_request').map(({ sendto }) => sendto);
    const [connection] = FakePeerConnection.all.slice(asked.indexOf(from) - 2);
    connection.ontrack({ streams: [streams[from]], track: streams[from].tracks[0] });
  }
  assert.equal(video.srcObject, streams.a);
  assert.deepEqual(tiles, [['b', streams.b]]);
  socket.deliver({ type: 'end_talk', from: 'a' });
  assert.deepEqual(tiles.at(-1), ['b', null]);
  assert.equal(video.srcObject, streams.b, 'the second picture becomes the first');
  client.leave();
  assert.equal(video.srcObject, null);
});
