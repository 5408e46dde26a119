// The buttons over a picture, in a browser that refuses what they ask for.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { installPage } from './fake_page.mjs';

/** An element that can be pressed. */
class FakeElement {
  hidden = false;
  title = '';
  valueAsNumber = 1;
  /** @type {Record<string, string>} */
  dataset = {};
  /** @type {() => void} */
  press = () => {};

  /** @type {(type: string, listener: () => void) => void} */
  addEventListener(type, listener) {
    if (type === 'click') this.press = listener;
  }
  setAttribute() {}
}

const { element, clear } = installPage(() => new FakeElement());
Object.assign(Reflect.get(globalThis, 'document'), { pictureInPictureEnabled: true, addEventListener() {} });

/** @type {{ Player: new (parts: object) => object }} */
const { Player } = await import(new URL('../../web/player.mjs', import.meta.url).href);

beforeEach(() => clear());

const refusal = () => new DOMException('put in by the test', 'InvalidStateError');
let asked = 0;
const refuse = {
  'by a promise': () => (++asked, Promise.reject(refusal())),
  'by an exception': () => {
    ++asked;
    throw refusal();
  },
};

for (const [how, act] of Object.entries(refuse)) {
  for (const [button, stage, picture] of /** @type {[string, object, object][]} */ ([
    ['fullscreen', { requestFullscreen: act }, {}],
    ['fullscreen', {}, { webkitEnterFullscreen: act }],
    ['pip', {}, { requestPictureInPicture: act }],
  ])) {
    const [name] = Object.keys({ ...stage, ...picture });
    test(`a browser that refuses ${name} ${how} does no harm`, async () => {
      asked = 0;
      const first = Object.assign(new FakeElement(), { paused: false, muted: false, volume: 1 }, picture);
      new Player({ stage, pictures: () => [first], stop() {}, unmuted() {} });
      element(button).press();
      await new Promise((resolve) => setImmediate(resolve)); // where nobody handles a promise, the test fails
      assert.equal(asked, 1);
    });
  }
}
