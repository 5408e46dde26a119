// How the sound of a picture is exchanged, with elements that only note what is done to them, and time as an input.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';

import { FakeClock, install } from './fake_page.mjs';

const clock = new FakeClock();

class FakeStream {
  /** @param {string[]} tracks whose names say what they are */
  constructor(tracks = []) {
    this.tracks = [...tracks];
  }
  getAudioTracks() {
    return this.tracks.filter((track) => track.endsWith('sound'));
  }
  getVideoTracks() {
    return this.tracks.filter((track) => track.endsWith('picture'));
  }
  /** @param {string} track */
  addTrack(track) {
    this.tracks.push(track);
  }
  /** @param {string} track */
  removeTrack(track) {
    this.tracks = this.tracks.filter((each) => each !== track);
  }
}

class FakeAudio {
  /** @type {FakeAudio[]} */
  static all = [];
  static canBeSet = true;
  #volume = 1;
  plays = false;
  /** @type {FakeStream | null} */
  srcObject = null;
  /** @type {(outcome?: Error) => void} what the browser answers to play() */
  answer = () => {};

  constructor() {
    FakeAudio.all.push(this);
  }
  get volume() {
    return this.#volume;
  }
  set volume(next) {
    assert.ok(next >= 0 && next <= 1, 'a browser throws else');
    if (FakeAudio.canBeSet) this.#volume = next;
  }
  play() {
    return new Promise((resolve, reject) => {
      this.answer = (error) => {
        this.plays = !error;
        if (error) reject(error);
        else resolve(undefined);
      };
    });
  }
  pause() {
    this.plays = false;
  }
}

clock.install();
install({
  MediaStream: FakeStream,
  Audio: FakeAudio,
  reportError: (/** @type {unknown} */ error) => assert.fail(String(error)),
});
/** Waits until the handlers of all settled promises have run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @type {{ timeout: number, Crossfades: new (pictures: () => object[]) => { begin(shown: object, sound: string[]): boolean } }} */
const { timeout, Crossfades } = await import(new URL('../../web/crossfade.mjs', import.meta.url).href);

class FakePicture {
  srcObject = new FakeStream(['picture', 'old sound']);
  muted = false;
  paused = false;
  /** Its volume, and what it was before. */
  volumes = [0.5];

  get volume() {
    return /** @type {number} */ (this.volumes.at(-1));
  }
  set volume(next) {
    this.volumes.push(next);
  }
}

let picture = new FakePicture();
let crossfades = new Crossfades(() => []);

beforeEach(() => {
  clock.timers.clear();
  FakeAudio.all = [];
  FakeAudio.canBeSet = true;
  picture = new FakePicture();
  crossfades = new Crossfades(() => [{ srcObject: null }, picture]);
});

const begin = (sound = 'new sound') => crossfades.begin(picture.srcObject, [sound]);
const voices = () => FakeAudio.all.filter(({ srcObject }) => srcObject?.tracks.length);

/** How loud a sound is, from all elements. @param {string} track */
const loudness = (track) => {
  const inPicture = picture.srcObject.tracks.includes(track) ? picture.volume : 0;
  return voices()
    .filter(({ plays, srcObject }) => plays && srcObject?.tracks.includes(track))
    .reduce((sum, { volume }) => sum + volume, inPicture);
};

/** @param {Error} [error] */
async function answer(error) {
  for (const voice of voices()) voice.answer(error);
  await settle();
}

const isExchanged = () => {
  assert.deepEqual(picture.srcObject.tracks, ['picture', 'new sound']);
  assert.deepEqual(voices(), [], 'nothing else plays');
  assert.equal(clock.timers.size, 0);
  return true;
};

test('fades from the old sound to the new one within 40 ms, and leaves the picture’s volume alone', async () => {
  assert.equal(begin(), true);
  assert.deepEqual([loudness('old sound'), loudness('new sound')], [0.5, 0], 'as before, until both can play');
  await answer();
  assert.deepEqual(picture.srcObject.tracks, ['picture']);
  let [old, fresh] = [loudness('old sound'), loudness('new sound')];
  assert.deepEqual([old, fresh], [0.5, 0], 'no step at the beginning');
  for (let i = 0; i < 7; ++i) {
    clock.pass(5);
    assert.ok(old - loudness('old sound') > 0.05 && old - loudness('old sound') < 0.07, 'small steps down');
    [old, fresh] = [loudness('old sound'), loudness('new sound')];
    assert.ok(Math.abs(old + fresh - 0.5) < 1e-9, 'as loud as ever');
  }
  clock.pass(5);
  assert.ok(isExchanged());
  assert.deepEqual(picture.volumes, [0.5]);
});

test('is over before the old connection closes', () => {
  const timeouts = readFileSync(new URL('../../client_wasm/session/timeouts.hpp', import.meta.url), 'utf8');
  const overlap = Number(/ kOverlap\{(\d+)\}/.exec(timeouts)?.[1]);
  assert.ok(timeout + 40 < overlap - 50, `within ${overlap} ms, with some to spare`);
});

test('follows the volume that the person sets meanwhile, and stops where they mute', async () => {
  begin();
  await answer();
  picture.volume = 1;
  clock.pass(20);
  assert.deepEqual([loudness('old sound'), loudness('new sound')], [0.5, 0.5]);
  picture.muted = true;
  clock.pass(5);
  assert.ok(isExchanged());
});

for (const [what, unheard] of /** @type {[string, object][]} */ ([
  ['muted', { muted: true }],
  ['paused', { paused: true }],
  ['at volume 0', { volume: 0 }],
])) {
  test(`leaves the exchange to the client where the picture is ${what}`, () => {
    Object.assign(picture, unheard);
    assert.equal(begin(), false);
    assert.equal(FakeAudio.all.length, 0);
  });
}

test('leaves the exchange to the client where there is no sound, or no picture of it', () => {
  assert.equal(crossfades.begin(picture.srcObject, []), false);
  assert.equal(crossfades.begin(new FakeStream(['old sound']), ['new sound']), false);
  picture.srcObject = new FakeStream(['picture']);
  assert.equal(begin(), false);
});

test('leaves the exchange to the client where there is sound alone, which would end the stream', () => {
  picture.srcObject = new FakeStream(['old sound']);
  assert.equal(begin(), false);
  assert.deepEqual(picture.srcObject.tracks, ['old sound']);
});

test('exchanges at once where the old connection closes at once', async () => {
  const old = { endsWith: (/** @type {string} */ end) => end === 'sound', readyState: 'live' };
  picture.srcObject.tracks = ['picture', /** @type {string} */ (/** @type {unknown} */ (old))];
  assert.equal(begin(), true);
  old.readyState = 'ended';
  await settle();
  assert.ok(isExchanged());
});

test('leaves the exchange to the client where pages can not set a volume', () => {
  FakeAudio.canBeSet = false;
  assert.equal(begin(), false);
});

test('exchanges at once where the browser refuses to play', async () => {
  begin();
  await answer(new Error('NotAllowedError'));
  assert.ok(isExchanged());
  assert.deepEqual(picture.volumes, [0.5, 0, 0.5], 'the old sound is not heard once it is replaced');
});

test('exchanges before the old connection closes where the browser does not begin', async () => {
  begin();
  const slow = voices();
  clock.pass(timeout - 1);
  assert.deepEqual(picture.srcObject.tracks, ['picture', 'old sound']);
  clock.pass(1);
  assert.ok(isExchanged());
  for (const voice of slow) voice.answer();
  await settle();
  assert.ok(isExchanged(), 'it begins too late');
});

for (const when of ['before it begins', 'in its midst']) {
  test(`a second exchange ends the first ${when}`, async () => {
    begin('second sound');
    if (when === 'in its midst') {
      await answer();
      clock.pass(20);
    }
    assert.equal(begin(), true);
    assert.equal(loudness('second sound'), 0.5);
    await answer();
    for (let i = 0; i < 8; ++i) clock.pass(5);
    assert.ok(isExchanged());
  });
}
