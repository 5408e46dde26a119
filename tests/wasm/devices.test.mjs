// Tests what the built WASM client asks of the browser's devices, and what it makes of the answers.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import {
  FakeAudioContext,
  FakePeerConnection,
  FakeStream,
  FakeVideo,
  FakeWebSocket,
  install,
  loadClient,
  put,
  settle,
  standing,
  stereoSdp,
} from './fake_browser.mjs';

install({});
const onair = await loadClient();

/** @typedef {{ audio?: unknown, video?: unknown }} Constraints */

/** Devices that a test takes away and gives back. */
class FakeDevices {
  /** @type {Constraints[]} */
  asked = [];
  /**
   * The names of the errors that asking for a camera or a microphone ends in.
   * @type {{ camera?: string, microphone?: string }}
   */
  trouble = {};
  /** @type {FakeStream[]} */
  granted = [];
  screen = new FakeStream('video');
  /** @type {{ kind: string, deviceId: string, label: string }[]} */
  list = [];
  /** @type {(event: object) => void} */
  ondevicechange = () => assert.fail('nobody listens to devicechange');

  /** @param {Constraints} constraints */
  async getUserMedia(constraints) {
    this.asked.push(constraints);
    const { camera, microphone } = this.trouble;
    if (constraints.video && camera) throw new DOMException('no', camera);
    if (constraints.audio && microphone) throw new DOMException('no', microphone);
    const kinds = [...(constraints.audio ? ['audio'] : []), ...(constraints.video ? ['video'] : [])];
    const stream = new FakeStream(...kinds);
    this.granted.push(stream);
    return stream;
  }
  async getDisplayMedia() {
    return this.screen;
  }
  async enumerateDevices() {
    return this.list;
  }
}

/** @type {FakeDevices} */
let devices;
/** @type {Record<string, { state: string, onchange?: (event: object) => void }>} */
let permissions;

beforeEach(() => {
  devices = new FakeDevices();
  permissions = { camera: { state: 'prompt' }, microphone: { state: 'prompt' } };
  install(devices);
  put({
    navigator: {
      mediaDevices: devices,
      permissions: { query: async (/** @type {{ name: string }} */ { name }) => permissions[name] },
    },
  });
});

afterEach(() => mock.restoreAll());

/** @param {'TalkClient' | 'WatchClient'} kind */
function enter(kind) {
  const video = new FakeVideo();
  const options = { url: 'ws://here/ws', room: 'lesson', video: standing(video), remember: () => {} };
  const client = new onair[kind](options);
  client.start();
  const socket = FakeWebSocket.all[FakeWebSocket.all.length - 1];
  socket.open();
  socket.deliver({ type: 'welcome', id: 'me', room: 'lesson', resume: 't', iceServers: [], talkers: ['t'] });
  return { client: standing(client), socket, video };
}

/** @returns {{ client: import('../../client_wasm/browser/onair.mjs').TalkClient, socket: FakeWebSocket, video: FakeVideo }} */
const talker = () => enter('TalkClient');

/** @param {'startVideo' | 'startScreen'} start */
async function goOnAir(start = 'startVideo') {
  const made = talker();
  made.client[start]();
  await settle();
  made.video.onloadedmetadata({});
  await settle();
  return made;
}

/**
 * Lets a viewer in, whose connection is the last one.
 * @param {FakeWebSocket} socket
 */
async function letIn(socket, sdp = 'answer sdp') {
  socket.deliver({ type: 'talk_request', from: 'v' });
  await settle();
  socket.deliver({ type: 'answer', from: 'v', sdp });
  await settle();
  const connection = FakePeerConnection.all[FakePeerConnection.all.length - 1];
  connection.become('connected');
  connection.channels[1].open();
  return connection;
}

/** @param {FakePeerConnection} connection */
const sentBy = (connection) => connection.transceivers.map(({ sender }) => sender.track);
/** @param {FakePeerConnection} connection */
const messagesOf = (connection) => connection.channels[1].sent.map((text) => JSON.parse(text));

for (const [missing, present] of /** @type {const} */ ([['camera', 'microphone'], ['microphone', 'camera']])) {
  for (const [name, state] of [
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'busy'],
    ['NotAllowedError', 'refused'],
  ]) {
    test(`goes on air with the ${present} alone where the ${missing} fails with ${name}`, async () => {
      devices.trouble[missing] = name;
      const { client, socket } = await goOnAir();
      assert.equal(client.view().stage, 'on_air');
      const view = client.view();
      const states = { camera: view.picture, microphone: view.microphone };
      assert.equal(states[missing], state);
      assert.equal(states[present], 'live');
      const connection = await letIn(socket);
      const [track] = devices.granted[0].tracks;
      assert.deepEqual(sentBy(connection), present === 'camera' ? [null, track] : [track, null]);
      client.leave();
    });
  }
}

test('takes a camera in when it is plugged in, and sends it to who watches', async () => {
  devices.trouble.camera = 'NotFoundError';
  const { client, socket, video } = await goOnAir();
  const connection = await letIn(socket);
  assert.deepEqual(messagesOf(connection).at(-1), { type: 'media', picture: 'none', sound: 'live' });
  devices.trouble = {};
  devices.list = [{ kind: 'videoinput', deviceId: 'c', label: 'Webcam' }];
  devices.ondevicechange({});
  await settle();
  const [microphone, camera] = devices.granted.map(({ tracks }) => tracks[0]);
  assert.deepEqual(sentBy(connection), [microphone, camera]);
  assert.deepEqual(video.srcObject?.getTracks(), [camera, microphone]);
  assert.deepEqual(messagesOf(connection).at(-1), { type: 'media', picture: 'none', sound: 'live' });
  video.onloadedmetadata({}); // its first frame
  assert.deepEqual(messagesOf(connection).at(-1), { type: 'media', picture: 'live', sound: 'live' });
  assert.equal(client.view().picture, 'live');
  client.leave();
});

test('takes a microphone in when the person allows it', async () => {
  devices.trouble.microphone = 'NotAllowedError';
  const { client } = await goOnAir();
  devices.trouble = {};
  permissions.microphone.onchange?.({ target: { state: 'denied' } });
  await settle();
  assert.equal(client.view().microphone, 'refused');
  permissions.microphone.onchange?.({ target: { state: 'granted' } });
  await settle();
  assert.equal(client.view().microphone, 'live');
  client.leave();
});

test('lets go of one camera where both can’t be open, and takes it back where the other fails', async () => {
  const { client, socket } = await goOnAir();
  const connection = await letIn(socket);
  const [microphone, first] = devices.granted[0].tracks;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const running = devices.granted.flatMap(({ tracks }) => tracks).some(({ kind, stopped }) => kind === 'video' && !stopped);
    if (constraints.video && running) throw new DOMException('one at a time', 'NotReadableError');
    return open(constraints);
  };
  client.choose({ camera: 'front', microphone: '', size: 'standard', sound: 'speech' });
  await settle();
  assert.equal(first.stopped, true);
  const [second] = devices.granted[1].tracks;
  assert.deepEqual(sentBy(connection), [microphone, second]);
  assert.equal(client.view().choice.camera, 'front');

  devices.trouble.camera = 'NotReadableError';
  client.choose({ camera: 'broken', microphone: '', size: 'standard', sound: 'speech' });
  devices.getUserMedia = async (constraints) => {
    if (JSON.stringify(constraints).includes('front')) devices.trouble = {};
    return open(constraints);
  };
  await settle();
  const third = devices.granted[2].tracks[0];
  assert.deepEqual(sentBy(connection), [microphone, third]);
  assert.equal(client.view().choice.camera, 'front', 'the menu shows what is sent');
  assert.equal(client.view().notice, 'switch_failed');
  assert.equal(microphone.stopped, false);
  client.leave();
});

test('replaces the microphone alone when a headset is unplugged during a screen share', async () => {
  const { client, socket } = await goOnAir();
  const connection = await letIn(socket);
  const [headset, camera] = devices.granted[0].tracks;
  client.startScreen();
  await settle();
  const [screen] = devices.screen.tracks;
  assert.deepEqual(sentBy(connection), [headset, screen]);
  assert.equal(camera.stopped, true);
  headset.unplug();
  await settle();
  assert.deepEqual(devices.asked.at(-1), { audio: true }, 'no picture is asked for');
  const [microphone] = devices.granted[1].tracks;
  assert.deepEqual(sentBy(connection), [microphone, screen]);
  assert.equal(screen.stopped, false);
  assert.equal(client.view().sharesScreen, true);
  client.leave();
});

test('leaves the chosen camera alone when the microphone is unplugged', async () => {
  const { client, socket } = await goOnAir();
  const connection = await letIn(socket);
  const [headset, camera] = devices.granted[0].tracks;
  headset.unplug();
  await settle();
  assert.deepEqual(sentBy(connection), [devices.granted[1].tracks[0], camera]);
  assert.equal(camera.stopped, false);
  client.leave();
});

test('asks for the same camera when one ends by itself, and for no other', async () => {
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    for (const track of stream.getVideoTracks()) track.settings = { deviceId: 'desk' };
    return stream;
  };
  const { client, socket } = await goOnAir();
  const connection = await letIn(socket);
  const [microphone, camera] = devices.granted[0].tracks;
  devices.trouble.camera = 'OverconstrainedError';
  camera.unplug();
  await settle();
  assert.deepEqual(devices.asked.at(-1), { video: { width: 1280, height: 720, deviceId: { exact: 'desk' } } });
  assert.equal(client.view().picture, 'lost');
  assert.deepEqual(sentBy(connection), [microphone, null]);
  const asked = devices.asked.length;
  devices.trouble = {};
  devices.list = [{ kind: 'videoinput', deviceId: 'room', label: '' }];
  devices.ondevicechange({});
  await settle();
  assert.equal(devices.asked.length, asked, 'another camera came');
  devices.list = [...devices.list, { kind: 'videoinput', deviceId: 'desk', label: '' }];
  devices.ondevicechange({});
  await settle();
  assert.deepEqual(sentBy(connection), [microphone, devices.granted[1].tracks[0]]);
  assert.equal(client.view().picture, 'live');
  assert.equal(client.view().choice.camera, '');
  client.leave();
});

test('sends the microphone with a screen from a standing start', async () => {
  const { client, socket } = await goOnAir('startScreen');
  const connection = await letIn(socket);
  assert.deepEqual(devices.asked, [{ audio: true }]);
  const [microphone] = devices.granted[0].tracks;
  assert.deepEqual(sentBy(connection), [microphone, devices.screen.tracks[0]]);
  assert.equal(client.view().microphone, 'live');
  client.switchMicrophone(false);
  assert.equal(microphone.enabled, false);
  client.stopVideo();
  assert.ok(microphone.stopped && devices.screen.tracks[0].stopped);
  client.leave();
});

test('mixes the microphone with the sound of a screen', async () => {
  devices.screen = new FakeStream('audio', 'video');
  const { client, socket } = await goOnAir('startScreen');
  const connection = await letIn(socket);
  const [microphone] = devices.granted[0].tracks;
  const [mixer] = FakeAudioContext.all;
  assert.deepEqual(mixer.sources, [devices.screen.tracks[0], microphone]);
  assert.equal(sentBy(connection)[0], mixer.mixed.tracks[0]);
  client.stopVideo();
  assert.equal(mixer.closed, true);
  client.leave();
});

for (const step of ['constructor', 'source']) {
  test(`sends the microphone alone where an AudioContext fails at its ${step}`, async () => {
    FakeAudioContext.failing = step;
    devices.screen = new FakeStream('audio', 'video');
    const { client, socket } = await goOnAir('startScreen');
    const connection = await letIn(socket);
    assert.deepEqual(sentBy(connection), [devices.granted[0].tracks[0], devices.screen.tracks[1]]);
    client.stopVideo();
    assert.equal(client.view().stage, 'idle', 'the client works on');
    client.leave();
  });
}

test('says when the system mutes a track, and when that is over', async () => {
  const { client, socket } = await goOnAir();
  const connection = await letIn(socket);
  const [microphone, camera] = devices.granted[0].tracks;
  microphone.mute(true);
  camera.mute(true);
  assert.deepEqual([client.view().picture, client.view().microphone], ['interrupted', 'interrupted']);
  assert.deepEqual(messagesOf(connection).at(-1), { type: 'media', picture: 'interrupted', sound: 'interrupted' });
  microphone.mute(false);
  camera.mute(false);
  assert.deepEqual([client.view().picture, client.view().microphone], ['live', 'live']);
  assert.deepEqual(messagesOf(connection).at(-1), { type: 'media', picture: 'live', sound: 'live' });
  client.leave();
});

test('says when a track is muted from the start', async () => {
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    stream.tracks[0].muted = true;
    return stream;
  };
  const { client } = await goOnAir();
  assert.equal(client.view().microphone, 'interrupted');
  client.leave();
});

test('asks for music without processing, and negotiates stereo', async () => {
  const { client, socket } = await goOnAir();
  const connection = await letIn(socket);
  client.choose({ camera: '', microphone: '', size: 'standard', sound: 'music' });
  await settle();
  assert.deepEqual(devices.asked.at(-1), {
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2 },
  });
  const [music] = devices.granted[1].tracks;
  assert.equal(music.contentHint, 'music');
  assert.equal(sentBy(connection)[0], music);
  assert.equal(socket.sent.at(-1).type, 'offer', 'who watches gets a new offer');
  socket.deliver({ type: 'answer', from: 'v', sdp: stereoSdp.replace(';sprop-stereo=1', '') });
  await settle();
  assert.match(JSON.stringify(connection.remoteDescription), /stereo=1;maxaveragebitrate=128000/);
  assert.equal(client.view().choice.sound, 'music');
  client.leave();
});

test('answers music with stereo as a viewer, and speech as the browser does', async () => {
  const { client, socket } = enter('WatchClient');
  socket.deliver({ type: 'offer', from: 't', sdp: stereoSdp, connection: 7 });
  await settle();
  assert.match(socket.sent.at(-1).sdp, /useinbandfec=1;stereo=1/);
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp', connection: 7 });
  await settle();
  assert.equal(socket.sent.at(-1).sdp, 'answer sdp');
  client.leave();
});

test('shows the sound alone where there is no picture, so that it plays', async () => {
  const { client, socket, video } = enter('WatchClient');
  socket.deliver({ type: 'offer', from: 't', sdp: 'offer sdp', connection: 7 });
  await settle();
  const [connection] = FakePeerConnection.all;
  const stream = new FakeStream('audio', 'video');
  connection.ontrack({ streams: [stream], track: stream.tracks[0] });
  connection.become('connected');
  const chat = connection.bringChannel('chat');
  chat.open();
  chat.onmessage({ data: '{"type":"media","picture":"none","sound":"live"}' });
  assert.deepEqual(video.srcObject?.getTracks(), [stream.tracks[0]]);
  assert.equal(client.view().pictureSent, 'none');
  chat.onmessage({ data: '{"type":"media","picture":"interrupted","sound":"interrupted"}' });
  assert.equal(video.srcObject, stream);
  assert.equal(client.view().soundSent, 'interrupted');
  client.leave();
});

test('tells the encoder what kind of picture it has, and the planner how large it is', async () => {
  const { client, socket } = await goOnAir();
  assert.deepEqual(devices.granted[0].tracks.map(({ contentHint }) => contentHint), ['speech', 'motion']);
  const connection = await letIn(socket);
  /** @returns {RTCRtpSendParameters & { degradationPreference?: string }} */
  const parameters = () => standing(connection.transceivers[1].sender.parameters);
  assert.equal(parameters().degradationPreference, 'balanced');
  const [screen] = devices.screen.tracks;
  screen.settings = { width: 3840, height: 2160 };
  client.startScreen();
  await settle();
  assert.equal(screen.contentHint, 'detail');
  assert.equal(parameters().degradationPreference, 'maintain-resolution');
  assert.equal(parameters().encodings[0].scaleResolutionDownBy, 1);
  assert.ok((parameters().encodings[0].maxFramerate ?? 30) < 30, 'a 4K picture is more than 720p');
  screen.unplug();
  await settle();
  assert.equal(parameters().degradationPreference, 'balanced');
  assert.equal(parameters().encodings[0].maxFramerate, undefined);
  client.leave();
});
