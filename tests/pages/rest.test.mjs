// When the bar over a picture hides and shows, with time as an input.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { FakeClock, install } from './fake_page.mjs';

/** @typedef {{ type: string, target?: object, pointerType?: string }} Happened */
/** @typedef {(event: object) => void} Listener */

/** A node of the page: it has listeners, and may contain others. */
class FakeNode {
  /** @type {Record<string, string>} */
  dataset = {};
  /** @type {Map<string, Listener[]>} */
  listeners = new Map();
  /** @type {Set<object>} */
  inside = new Set();
  pointed = false;
  /** @type {object | null} */
  focused = null;

  /** @type {(type: string, listener: Listener) => void} */
  addEventListener(type, listener) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }
  /** @param {object} node */
  contains(node) {
    return this.inside.has(node);
  }
  /** @param {string} selector */
  matches(selector) {
    assert.equal(selector, ':hover');
    return this.pointed;
  }
  /** @param {string} selector */
  querySelector(selector) {
    assert.equal(selector, ':focus-visible');
    return this.focused;
  }
  /** True if nobody stopped the event. @param {Happened} event */
  happens(event) {
    let stopped = 0;
    const whole = { stopPropagation: () => ++stopped, preventDefault: () => ++stopped, ...event };
    for (const listener of this.listeners.get(event.type) ?? []) listener(whole);
    return stopped === 0;
  }
}

const clock = new FakeClock();

let hovers = true;
let page = new FakeNode();
clock.install();
install({ Node: FakeNode, matchMedia: () => ({ matches: hovers }) });
Object.defineProperty(globalThis, 'document', { get: () => page, configurable: true });

/** @type {{ timeout: number, Rest: new (parts: object) => object }} */
const { timeout, Rest } = await import(new URL('../../web/rest.mjs', import.meta.url).href);

/** @type {FakeNode} */
let stage;
/** @type {FakeNode} */
let bar;
const button = new FakeNode();
let needed = false;
const isShown = () => !('still' in stage.dataset);

beforeEach(() => {
  clock.timers.clear();
  [page, stage, bar] = [new FakeNode(), new FakeNode(), new FakeNode()];
  bar.inside.add(button);
  hovers = true;
  needed = false;
  new Rest({ stage, bar, needed: () => needed });
});

test('shows the bar at first, and hides it after some seconds in which nobody does anything', () => {
  assert.ok(timeout >= 3000 && timeout <= 6000);
  clock.pass(timeout - 1);
  assert.ok(isShown());
  clock.pass(1);
  assert.ok(!isShown());
});

for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin']) {
  test(`shows the bar again by ${type}, and waits as long again`, () => {
    clock.pass(timeout - 1);
    page.happens({ type, pointerType: 'mouse', target: stage });
    clock.pass(timeout - 1);
    assert.ok(isShown());
    clock.pass(1);
    assert.ok(!isShown());
    page.happens({ type, pointerType: 'mouse', target: stage });
    assert.ok(isShown());
  });
}

test('hides nothing while the picture is paused or muted, and shows the bar when it becomes so', () => {
  needed = true;
  clock.pass(10 * timeout);
  assert.ok(isShown());
  needed = false;
  clock.pass(timeout);
  assert.ok(!isShown());
  stage.happens({ type: 'volumechange' });
  assert.ok(!isShown(), 'louder is not muted');
  needed = true;
  stage.happens({ type: 'pause' });
  assert.ok(isShown());
});

test('hides nothing while the keyboard’s focus is on the picture', () => {
  stage.focused = button;
  clock.pass(10 * timeout);
  assert.ok(isShown());
  stage.focused = null;
  clock.pass(timeout);
  assert.ok(!isShown());
});

test('hides nothing under a pointer that rests on a button, but under the mark that a finger leaves', () => {
  bar.pointed = true;
  clock.pass(10 * timeout);
  assert.ok(isShown());
  hovers = false;
  clock.pass(timeout);
  assert.ok(!isShown());
});

test('shows the bar by a tap, which presses no button that was not to be seen', () => {
  clock.pass(timeout);
  page.happens({ type: 'pointerdown', pointerType: 'touch', target: button });
  assert.ok(isShown());
  assert.equal(stage.happens({ type: 'click', target: button }), false, 'the first tap only shows');
  page.happens({ type: 'pointerdown', pointerType: 'touch', target: button });
  assert.equal(stage.happens({ type: 'click', target: button }), true, 'the second presses');
});

test('takes a click of the keyboard after a finger that only scrolled', () => {
  clock.pass(timeout);
  page.happens({ type: 'pointerdown', pointerType: 'touch', target: button });
  page.happens({ type: 'pointercancel' });
  assert.equal(stage.happens({ type: 'click', target: button }), true);
});

test('takes a tap on the picture itself, and a mouse’s click at any time', () => {
  clock.pass(timeout);
  page.happens({ type: 'pointerdown', pointerType: 'touch', target: stage });
  assert.equal(stage.happens({ type: 'click', target: stage }), true);
  clock.pass(timeout);
  page.happens({ type: 'pointerdown', pointerType: 'mouse', target: button });
  assert.equal(stage.happens({ type: 'click', target: button }), true);
});
