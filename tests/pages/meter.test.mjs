// The level of a microphone, with an AudioContext that may fail.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { install } from './fake_page.mjs';

class FakeNode {
  connected = false;
  connect() {
    if (FakeAudioContext.failing === 'connect') throw new DOMException('put in by the test', 'NotSupportedError');
    this.connected = true;
  }
  disconnect() {
    this.connected = false;
    if (FakeAudioContext.failing === 'disconnect') throw new DOMException('put in by the test', 'InvalidAccessError');
  }
}

class FakeAudioContext {
  /** @type {FakeAudioContext[]} */
  static all = [];
  /** The step that throws. */
  static failing = '';
  /** @type {{ node: FakeNode, stream: object }[]} */
  sources = [];
  closed = false;

  constructor() {
    if (FakeAudioContext.failing === 'constructor') throw new DOMException('put in by the test', 'NotSupportedError');
    FakeAudioContext.all.push(this);
  }
  resume() {
    return Promise.reject(new DOMException('put in by the test', 'NotAllowedError'));
  }
  close() {
    this.closed = true;
    return Promise.reject(new DOMException('put in by the test', 'InvalidStateError'));
  }
  createAnalyser() {
    return { fftSize: 0, getFloatTimeDomainData: (/** @type {Float32Array} */ samples) => samples.fill(1) };
  }
  /** @param {object} stream */
  createMediaStreamSource(stream) {
    if (FakeAudioContext.failing === 'source') throw new DOMException('another sample rate', 'NotSupportedError');
    const node = new FakeNode();
    this.sources.push({ node, stream });
    return node;
  }
}

class FakeStream {
  /** @param {string[]} sounds */
  constructor(...sounds) {
    this.getAudioTracks = () => sounds;
  }
}

/** @type {Set<() => void>} */
const timers = new Set();
install({
  AudioContext: FakeAudioContext,
  document: { hidden: false },
  setInterval: (/** @type {() => void} */ call) => (timers.add(call), call),
  clearInterval: (/** @type {() => void} */ call) => timers.delete(call),
});

/** @typedef {{ watch(stream: FakeStream | null): void }} Meter */
/** @type {{ LevelMeter: new (element: { hidden: boolean, value: number }) => Meter }} */
const { LevelMeter } = await import(new URL('../../web/meter.mjs', import.meta.url).href);

let element = { hidden: true, value: 0 };
let meter = new LevelMeter(element);
const first = new FakeStream('microphone');
const second = new FakeStream('headset');

beforeEach(() => {
  mock.method(console, 'warn', () => {});
  timers.clear();
  FakeAudioContext.all = [];
  FakeAudioContext.failing = '';
  element = { hidden: true, value: 0 };
  meter = new LevelMeter(element);
});

/** What is listened to: by which context, counted from 0, and which stream. */
const heard = () =>
  FakeAudioContext.all.flatMap(({ sources }, context) =>
    sources.filter(({ node }) => node.connected).map(({ stream }) => ({ context, stream })),
  );

/** The level is shown, and follows the sound. */
function isShown() {
  element.value = 0;
  for (const call of timers) call();
  return !element.hidden && timers.size === 1 && element.value === 1;
}

test('shows the level of one stream after the other by one context', () => {
  meter.watch(first);
  assert.ok(isShown());
  meter.watch(second);
  assert.ok(isShown());
  assert.deepEqual(heard(), [{ context: 0, stream: second }]);
});

test('shows no level without a stream, or without sound', () => {
  for (const stream of [null, new FakeStream()]) {
    meter.watch(first);
    meter.watch(stream);
    assert.deepEqual([element.hidden, timers.size, heard()], [true, 0, []]);
  }
});

/** The step throws until the meter has logged that. @param {string} step */
function failOnce(step) {
  FakeAudioContext.failing = step;
  mock.method(console, 'warn', () => {
    FakeAudioContext.failing = '';
  });
}

for (const step of ['source', 'connect', 'disconnect']) {
  test(`listens again by a new context where ${step} throws in the old one, which ends`, () => {
    meter.watch(first);
    failOnce(step);
    meter.watch(second);
    assert.ok(isShown());
    assert.deepEqual(heard(), [{ context: 1, stream: second }]);
    assert.deepEqual(FakeAudioContext.all.map(({ closed }) => closed), [true, false]);
  });
}

for (const step of ['constructor', 'source', 'connect']) {
  test(`shows no level while ${step} throws in every context, and a later stream's level`, () => {
    FakeAudioContext.failing = step;
    for (const stream of [first, second, first]) {
      meter.watch(stream);
      assert.deepEqual([element.hidden, timers.size, heard()], [true, 0, []]);
    }
    assert.ok(FakeAudioContext.all.every(({ closed }) => closed));
    FakeAudioContext.failing = '';
    meter.watch(second);
    assert.ok(isShown());
    assert.deepEqual(heard().map(({ stream }) => stream), [second]);
  });
}
