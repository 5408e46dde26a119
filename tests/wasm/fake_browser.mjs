// A minimal browser for the client: keeps every object that it creates, so that a test can inspect and
// drive it. Nothing happens by itself.

import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { setting } from '../setting.mjs';

/** @typedef {(event: object) => void} Listener what the client puts there, and null when it has gone */
const unset = () => {
  throw new Error('the client does not listen to this');
};

export class FakeWebSocket {
  /** @type {FakeWebSocket[]} */
  static all = [];
  /** @type {any[]} any: the messages that the client sends, which tests look into */
  sent = [];
  closed = false;
  readyState = 0;
  /** @type {Listener} */
  onopen = unset;
  /** @type {Listener} */
  onmessage = unset;
  /** @type {Listener} */
  onclose = unset;

  /** @param {string} url */
  constructor(url) {
    if (url.includes('refused')) throw new SyntaxError('bad address');
    this.url = url;
    FakeWebSocket.all.push(this);
  }
  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  // Methods by which the test plays the network.
  open() {
    this.onopen({});
  }
  /** @param {object} message */
  deliver(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  lose() {
    this.onclose({ code: 1006 });
  }
}

class FakeTrack {
  stopped = false;
  muted = false;
  contentHint = '';
  /** @type {boolean | undefined} */
  enabled;
  /** @type {Listener} */
  onended = unset;
  /** @type {Listener} */
  onmute = unset;
  /** @type {Listener} */
  onunmute = unset;
  /** @type {{ width?: number, height?: number, deviceId?: string }} */
  settings = {};

  /** @param {string} kind */
  constructor(kind) {
    this.kind = kind;
  }
  getSettings() {
    return this.settings;
  }
  stop() {
    this.stopped = true;
  }
  // Methods by which the test plays the system.
  unplug() {
    this.onended({ target: this });
  }
  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    if (muted) this.onmute({ target: this });
    else this.onunmute({ target: this });
  }
}

export class FakeStream {
  /** @param {string[]} kinds */
  constructor(...kinds) {
    this.tracks = kinds.map((kind) => new FakeTrack(kind));
  }
  getTracks() {
    return [...this.tracks];
  }
  /** @param {FakeTrack} track */
  addTrack(track) {
    this.tracks.push(track);
  }
  /** @param {FakeTrack} track */
  removeTrack(track) {
    this.tracks = this.tracks.filter((each) => each !== track);
  }
  getAudioTracks() {
    return this.tracks.filter((track) => track.kind === 'audio');
  }
  getVideoTracks() {
    return this.tracks.filter((track) => track.kind === 'video');
  }
}

/** A stream of tracks that are there: `new MediaStream(tracks)`. */
class FakeMediaStream extends FakeStream {
  /** @param {FakeTrack[]} tracks */
  constructor(tracks = []) {
    super();
    this.tracks = [...tracks];
  }
}

/** A fake of the context that mixes the screen's sound with the microphone. */
export class FakeAudioContext {
  /** @type {FakeAudioContext[]} */
  static all = [];
  static failing = '';
  closed = false;
  mixed = new FakeStream('audio');
  /** @type {(FakeTrack | undefined)[]} */
  sources = [];

  constructor() {
    if (FakeAudioContext.failing === 'constructor') throw new DOMException('no', 'NotSupportedError');
    FakeAudioContext.all.push(this);
  }
  createMediaStreamDestination() {
    return { stream: this.mixed };
  }
  /** @param {FakeStream} stream */
  createMediaStreamSource(stream) {
    if (FakeAudioContext.failing === 'source') throw new DOMException('sample rate', 'NotSupportedError');
    this.sources.push(stream.tracks[0]);
    return { connect() {} };
  }
  close() {
    this.closed = true;
    return Promise.resolve();
  }
}

class FakeDataChannel {
  /** @type {string[]} */
  sent = [];
  readyState = 'connecting';
  bufferedAmount = 0;
  /** @type {Listener} */
  onopen = unset;
  /** @type {Listener} */
  onmessage = unset;
  /** @type {Listener} */
  onerror = unset;
  /** @type {Listener} */
  onclose = unset;

  /**
   * @param {string} label
   * @param {object} [options]
   */
  constructor(label, options) {
    this.label = label;
    this.options = options;
  }
  /** @param {string} text */
  send(text) {
    if (this.readyState !== 'open') throw new DOMException('not open', 'InvalidStateError');
    this.sent.push(text);
  }
  open() {
    this.readyState = 'open';
    this.onopen({});
  }
  close() {
    this.readyState = 'closed';
  }
}

/**
 * @typedef {object} Sender
 * @property {FakeTrack | null} track
 * @property {object} parameters
 */

/** The part of an offer that announces music. */
export const stereoSdp = [
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 useinbandfec=1;sprop-stereo=1',
  '',
].join('\r\n');

export class FakePeerConnection {
  /** @type {FakePeerConnection[]} */
  static all = [];
  /** @type {Set<string>} */
  static failing = new Set(); // names of methods whose promise is rejected
  static constructionFails = false;
  /** @type {{ sender: Sender, receiver: object, direction?: string, streams?: FakeStream[] }[]} */
  transceivers = [];
  /** @type {FakeDataChannel[]} */
  channels = [];
  /** @type {(object | null)[]} */
  candidates = [];
  connectionState = 'new';
  /** @type {object | null} */
  localDescription = null;
  /** @type {object | undefined} */
  remoteDescription;
  closed = false;
  restarts = 0;
  /** @type {Map<string, object>} */
  stats = new Map();
  /** @type {Listener} */
  onicecandidate = unset;
  /** @type {Listener} */
  onconnectionstatechange = unset;
  /** @type {Listener} */
  ondatachannel = unset;
  /** @type {Listener} */
  ontrack = unset;

  /** @param {RTCConfiguration} configuration */
  constructor(configuration) {
    if (FakePeerConnection.constructionFails) throw new DOMException('too many', 'UnknownError');
    this.configuration = configuration;
    FakePeerConnection.all.push(this);
  }
  /** @type {(method: string, value?: unknown) => Promise<unknown>} */
  #outcome(method, value) {
    return FakePeerConnection.failing.has(method)
      ? Promise.reject(new DOMException(`${method} fails`, 'OperationError'))
      : Promise.resolve(value);
  }
  /**
   * @param {FakeTrack | string} trackOrKind
   * @param {{ direction?: string, streams?: FakeStream[] }} [init]
   */
  addTransceiver(trackOrKind, init) {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    const connection = this;
    const sender = {
      track,
      parameters: { encodings: [{}] },
      getParameters() {
        return structuredClone(this.parameters);
      },
      /** @param {{ encodings: object[] }} parameters */
      setParameters(parameters) {
        this.parameters = parameters;
        return connection.#outcome('setParameters');
      },
      /** @param {FakeTrack | null} next */
      replaceTrack(next) {
        if (!FakePeerConnection.failing.has('replaceTrack')) this.track = next;
        return connection.#outcome('replaceTrack');
      },
    };
    this.transceivers.push({ sender, receiver: { track: { kind } }, ...init });
  }
  getStats() {
    return this.#outcome('getStats', this.stats);
  }
  /** @param {RTCConfiguration} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  restartIce() {
    this.restarts += 1;
  }
  getTransceivers() {
    return this.transceivers;
  }
  /** @type {(label: string, options?: object) => FakeDataChannel} */
  createDataChannel(label, options) {
    const channel = new FakeDataChannel(label, options);
    this.channels.push(channel);
    return channel;
  }
  /** @param {object} [description] */
  setLocalDescription(description) {
    const type = this.remoteDescription ? 'answer' : 'offer';
    this.localDescription = description ?? { type, sdp: `${type} sdp` };
    return this.#outcome('setLocalDescription');
  }
  createAnswer() {
    return this.#outcome('createAnswer', { type: 'answer', sdp: stereoSdp.replace(';sprop-stereo=1', '') });
  }
  /** @param {object} description */
  setRemoteDescription(description) {
    this.remoteDescription = description;
    return this.#outcome('setRemoteDescription');
  }
  /** @param {object | null} candidate */
  addIceCandidate(candidate) {
    this.candidates.push(candidate);
    return this.#outcome('addIceCandidate');
  }
  close() {
    this.closed = true;
  }
  // Called by the test in the role of the network.
  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.({});
  }
  bringChannel(label = 'onair') {
    const channel = new FakeDataChannel(label);
    this.ondatachannel({ channel });
    return channel;
  }
}

export class FakeVideo {
  /** @type {FakeStream | null} */
  srcObject = null;
  muted = false;
  volume = 1;
  /** @type {Listener} */
  onloadedmetadata = unset;

  play() {
    return Promise.resolve();
  }
}

/**
 * The client's timers, by the number that clearTimeout takes.
 * @type {Map<number, () => void>}
 */
const timers = new Map();
let lastTimer = 0;

/**
 * Fires all timers, with the clock moved past all of them, or by so many milliseconds.
 * @param {number} [milliseconds]
 */
export function letTimePass(milliseconds = 3_600_000) {
  const due = [...timers.values()];
  timers.clear();
  timePassed += milliseconds;
  for (const call of due) call();
}

/** Time on the client's clock, in ms: it stands still but for letTimePass. */
let timePassed = 0;

/**
 * Installs the fakes. `media` answers getUserMedia and getDisplayMedia.
 * @param {object} media
 */
export function install(media) {
  FakeWebSocket.all = [];
  FakePeerConnection.all = [];
  FakePeerConnection.failing = new Set();
  FakePeerConnection.constructionFails = false;
  FakeAudioContext.all = [];
  FakeAudioContext.failing = '';
  timers.clear();
  /** @type {(call: (...passed: unknown[]) => void, delay: number, ...passed: unknown[]) => number} */
  const setTimeout = (call, _delay, ...passed) => {
    timers.set(++lastTimer, () => call(...passed));
    return lastTimer;
  };
  put({
    window: globalThis,
    WebSocket: FakeWebSocket,
    RTCPeerConnection: FakePeerConnection,
    MediaStream: FakeMediaStream,
    AudioContext: FakeAudioContext,
    crypto: webcrypto, // Node 18 has it only in a module
    isSecureContext: true,
    reportError: undefined, // a test of a browser that has it puts it there
    performance: { now: () => timePassed },
    setTimeout,
    clearTimeout: (/** @type {number} */ timer) => timers.delete(timer),
    navigator: { mediaDevices: media },
  });
}

/**
 * Makes these global, whether or not Node has something of that name.
 * @param {object} globals
 */
export function put(globals) {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/** Waits until the handlers of all settled promises have run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/**
 * The built client. It takes what is installed when it is loaded.
 * @returns {Promise<import('../../client_wasm/browser/onair.mjs').Onair>}
 */
export async function loadClient() {
  const built = new URL(`file://${setting('ONAIR_WASM_DIR')}/`);
  const { default: createOnair } = await import(new URL('onair.mjs', built).href);
  return createOnair({ wasmBinary: readFileSync(new URL('onair.wasm', built)) });
}

/**
 * A fake with the functions of the real one that the client uses.
 * @template Real
 * @param {unknown} fake
 * @returns {Real}
 */
export const standing = (fake) => /** @type {Real} */ (fake);
