// Fakes the parts of a browser that the client uses. Tests inspect and drive every object that the client
// makes. Nothing happens by itself.

import { webcrypto } from 'node:crypto';

export class FakeWebSocket {
  static all = [];
  constructor(url) {
    if (url.includes('refused')) throw new SyntaxError('bad address');
    this.url = url;
    this.sent = [];
    this.closed = false;
    this.readyState = 0;
    FakeWebSocket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  // Called by the test in the role of the network.
  open() {
    this.onopen({});
  }
  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  lose() {
    this.onclose({ code: 1006 });
  }
}

export class FakeTrack {
  constructor(kind) {
    this.kind = kind;
    this.stopped = false;
  }
  stop() {
    this.stopped = true;
  }
}

export class FakeStream {
  constructor(...kinds) {
    this.tracks = kinds.map((kind) => new FakeTrack(kind));
  }
  getTracks() {
    return [...this.tracks];
  }
  getAudioTracks() {
    return this.tracks.filter((track) => track.kind === 'audio');
  }
  getVideoTracks() {
    return this.tracks.filter((track) => track.kind === 'video');
  }
  addTrack(track) {
    this.tracks.push(track);
  }
  removeTrack(track) {
    this.tracks = this.tracks.filter((each) => each !== track);
  }
}

class FakeDataChannel {
  constructor(label, options) {
    Object.assign(this, { label, options, sent: [], readyState: 'connecting' });
  }
  send(text) {
    if (this.readyState !== 'open') throw new DOMException('not open', 'InvalidStateError');
    this.sent.push(text);
  }
  open() {
    this.readyState = 'open';
    this.onopen({});
  }
}

export class FakePeerConnection {
  static all = [];
  static failing = new Set(); // names of methods whose promise is rejected
  static constructionFails = false;
  constructor(configuration) {
    if (FakePeerConnection.constructionFails) throw new DOMException('too many', 'UnknownError');
    this.configuration = configuration;
    this.transceivers = [];
    this.channels = [];
    this.candidates = [];
    this.connectionState = 'new';
    this.localDescription = null;
    this.closed = false;
    FakePeerConnection.all.push(this);
  }
  #outcome(method, value) {
    return FakePeerConnection.failing.has(method)
      ? Promise.reject(new DOMException(`${method} fails`, 'OperationError'))
      : Promise.resolve(value);
  }
  addTransceiver(trackOrKind, init) {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    const kind = track ? track.kind : trackOrKind;
    const connection = this;
    const sender = {
      track,
      parameters: { encodings: [{}] },
      getParameters() {
        return structuredClone(this.parameters);
      },
      setParameters(parameters) {
        this.parameters = parameters;
        return connection.#outcome('setParameters');
      },
      replaceTrack(next) {
        this.track = next;
        return connection.#outcome('replaceTrack');
      },
    };
    this.transceivers.push({ sender, receiver: { track: { kind } }, ...init });
  }
  getStats() {
    return this.#outcome('getStats', this.stats ?? new Map());
  }
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  restartIce() {
    this.restarts = (this.restarts ?? 0) + 1;
  }
  getTransceivers() {
    return this.transceivers;
  }
  createDataChannel(label, options) {
    this.channels.push(new FakeDataChannel(label, options));
    return this.channels.at(-1);
  }
  setLocalDescription() {
    const type = this.remoteDescription ? 'answer' : 'offer';
    this.localDescription = { type, sdp: `${type} sdp` };
    return this.#outcome('setLocalDescription');
  }
  setRemoteDescription(description) {
    this.remoteDescription = description;
    return this.#outcome('setRemoteDescription');
  }
  addIceCandidate(candidate) {
    this.candidates.push(candidate);
    return this.#outcome('addIceCandidate');
  }
  close() {
    this.closed = true;
  }
  // Called by the test in the role of the network.
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.({});
  }
  bringChannel() {
    const channel = new FakeDataChannel('onair');
    this.ondatachannel({ channel });
    return channel;
  }
}

export class FakeVideo {
  constructor() {
    this.srcObject = null;
    this.muted = false;
  }
  play() {
    return Promise.resolve();
  }
}

/** The client's timers, by the number that clearTimeout takes. */
export const timers = new Map();
let lastTimer = 0;

/** Fires all timers, with the clock moved past all of them. */
export function letTimePass() {
  const due = [...timers.values()];
  timers.clear();
  hoursPassed += 1;
  for (const call of due) call();
}

const { performance: clock } = globalThis;
let hoursPassed = 0;

/** Installs the fakes. `media` answers getUserMedia and getDisplayMedia. */
export function install(media) {
  FakeWebSocket.all = [];
  FakePeerConnection.all = [];
  FakePeerConnection.failing = new Set();
  FakePeerConnection.constructionFails = false;
  globalThis.window = globalThis;
  globalThis.WebSocket = FakeWebSocket;
  globalThis.RTCPeerConnection = FakePeerConnection;
  globalThis.crypto ??= webcrypto; // Node 18 has it only in a module
  globalThis.isSecureContext = true;
  Object.defineProperty(globalThis, 'performance', {
    value: { now: () => clock.now() + hoursPassed * 3_600_000 },
    configurable: true,
    writable: true,
  });
  timers.clear();
  globalThis.setTimeout = (call, _delay, ...passed) => {
    timers.set(++lastTimer, () => call(...passed));
    return lastTimer;
  };
  globalThis.clearTimeout = (timer) => timers.delete(timer);
  Object.defineProperty(globalThis, 'navigator', {
    value: { mediaDevices: media },
    configurable: true,
    writable: true,
  });
}

/** Waits until the handlers of all settled promises have run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
