// The studio's list of viewers, with as much of a page around it as it needs.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { installPage } from './fake_page.mjs';

let made = 0;
let changes = 0;

/** An element with a list of children. Counts what a browser would have to lay out again. */
class FakeElement {
  /** @type {FakeElement[]} */
  children = [];
  /** @type {FakeElement | undefined} */
  parent;
  /** @type {Record<string, string>} */
  dataset = {};
  hidden = false;
  #words = '';

  constructor() {
    made++;
  }
  get textContent() {
    return this.#words;
  }
  set textContent(words) {
    changes++;
    this.#words = words;
  }
  /** @param {FakeElement[]} added */
  append(...added) {
    this.children.push(...added);
  }
  /** @type {(added: FakeElement, before: FakeElement | null) => void} */
  insertBefore(added, before) {
    changes++;
    added.remove();
    const at = before ? this.children.indexOf(before) : this.children.length;
    assert.notEqual(at, -1);
    this.children.splice(at, 0, added);
    added.parent = this;
  }
  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((each) => each !== this);
    this.parent = undefined;
  }
  setAttribute() {}
  /** A person points at it. */
  hovered = false;
  matches() {
    return this.hovered;
  }
}

const { element, clear } = installPage(() => new FakeElement());

/**
 * @typedef {import('../../client_wasm/browser/onair.d.mts').ViewerView} Viewer
 * @typedef {import('../../client_wasm/browser/onair.d.mts').ReceptionSums} Sums
 * @typedef {{ show: (view: { audience: Viewer[], reception: Sums | null }) => void }} Audience what the tests use of it
 */
/** @type {{ Audience: new (acts: { mute: () => void, remove: () => void }) => Audience }} */
const { Audience } = await import(new URL('../../web/audience.mjs', import.meta.url).href);
const { onLanguage } = await import(new URL('../../web/page.mjs', import.meta.url).href);
await new Promise((resolve) => onLanguage(() => resolve(undefined)));

/** @type {(number: number, more?: Partial<Viewer>) => Viewer} */
const viewer = (number, more = {}) => ({
  id: `id${number}`,
  number,
  name: '',
  state: 'live',
  muted: false,
  bitsPerSecond: 0,
  roundTrip: null,
  loss: null,
  latency: null,
  quality: null,
  players: null,
  ...more,
});
const lines = () => element('audience').children;
const names = () => lines().map(({ children }) => children[0].textContent);

/** @type {Audience} */
let audience;

beforeEach(() => {
  clear();
  audience = new Audience({ mute: () => {}, remove: () => {} });
  made = changes = 0;
});

test('the viewers are listed in the order in which the client gives them', () => {
  audience.show({ audience: [], reception: null });
  assert.equal(element('nobody').hidden, false);
  audience.show({ audience: [viewer(2), viewer(5)], reception: null });
  assert.equal(element('nobody').hidden, true);
  assert.equal(element('reception').hidden, true);
  const second = lines()[1];
  audience.show({ audience: [viewer(1), viewer(5, { name: 'Hanako' }), viewer(7)], reception: null });
  assert.deepEqual(names(), ['Viewer 1', 'Hanako', 'Viewer 7']);
  assert.equal(lines()[1], second, 'who stays keeps the line, and so the focus in it');
});

test('a line says how the viewer receives', () => {
  const bad = viewer(1, { quality: 'poor', loss: 0.08, latency: 900 });
  audience.show({ audience: [bad, viewer(2, { quality: 'fair', roundTrip: 40 }), viewer(3, { quality: 'good' })], reception: null });
  const said = lines().map(({ children }) => [children[3].textContent, children[4].textContent]);
  assert.deepEqual(said, [
    ['poor connection', '900 ms · 8.0 %'],
    ['fair connection', '40 ms'],
    ['', ''],
  ]);
});

test('of a thousand viewers the page shows the sums and the worst, and has little to do', () => {
  const fifty = Array.from({ length: 50 }, (_, i) => viewer(i));
  audience.show({ audience: fifty, reception: null });
  assert.equal(lines().length, 50);
  made = changes = 0;
  for (let seconds = 0; seconds < 60; seconds++) {
    // Others are the worst each time.
    const worst = Array.from({ length: 10 }, (_, i) => viewer(100 * i + seconds, { quality: 'poor', loss: 0.1 }));
    audience.show({ audience: worst, reception: { good: 900, fair: 60, poor: 30, unknown: 10 } });
    assert.equal(lines().length, 10);
  }
  assert.equal(element('reception').textContent, 'Connections: 900 good, 60 fair, 30 poor, 10 not measured yet.');
  assert.equal(element('worst').textContent, 'These are the worst:');
  assert.ok(made / 60 <= 100, `${made / 60} elements made in a second`);
  assert.ok(changes / 60 <= 100, `${changes / 60} changes in a second`);

  audience.show({ audience: [], reception: { good: 1000, fair: 0, poor: 0, unknown: 0 } });
  assert.equal(lines().length, 0);
  assert.equal(element('worst').hidden, true);
  assert.equal(element('nobody').hidden, true, 'a thousand are watching');
});

test('the lines of a crowd stay where they are while a person points at them', () => {
  const reception = { good: 90, fair: 0, poor: 2, unknown: 0 };
  audience.show({ audience: [viewer(1, { quality: 'poor' }), viewer(2, { quality: 'poor' })], reception });
  element('audience').hovered = true;
  audience.show({ audience: [viewer(2, { quality: 'fair' }), viewer(3, { quality: 'poor' })], reception });
  assert.deepEqual(names(), ['Viewer 1', 'Viewer 2'], 'each button is still that of the same viewer');
  assert.equal(lines()[1].children[3].textContent, 'fair connection');
  element('audience').hovered = false;
  audience.show({ audience: [viewer(2), viewer(3)], reception });
  assert.deepEqual(names(), ['Viewer 2', 'Viewer 3']);
});

test('a media server alone is not called the worst', () => {
  audience.show({ audience: [viewer(1, { players: 70 })], reception: { good: 60, fair: 0, poor: 0, unknown: 0 } });
  assert.equal(element('worst').hidden, true);
  assert.equal(lines().length, 1);
});
