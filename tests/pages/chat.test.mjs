// The list of chat lines, with as much of a page around it as it needs.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { installPage } from './fake_page.mjs';

/** An element with a list of children, which is all that the chat needs. */
class FakeElement {
  /** @type {FakeElement[]} */
  children = [];
  /** @type {FakeElement | undefined} */
  parent;
  textContent = '';
  value = '';
  scrollTop = 0;
  scrollHeight = 0;
  clientHeight = 0;

  /** @param {FakeElement[]} added */
  append(...added) {
    for (const each of added) each.parent = this;
    this.children.push(...added);
  }
  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((each) => each !== this);
  }
  addEventListener() {}
  setAttribute() {}
  toggleAttribute() {}
  querySelectorAll() {
    return [];
  }
}

const { element, clear } = installPage(() => new FakeElement());

/** @typedef {{ handle: (event: object) => void }} Chat what the tests use of it */
/** @type {{ Chat: new (acts: { say: () => void }) => Chat }} */
const { Chat } = await import(new URL('../../web/chat.mjs', import.meta.url).href);

/** @type {Chat} */
let chat;

beforeEach(() => {
  clear();
  chat = new Chat({ say: () => {} });
});

/** @type {(id: number, text: string, from?: string) => void} */
function receive(id, text, from) {
  chat.handle({ kind: 'line', id, text, name: '', host: false, yours: false, author: '', from });
}

const shown = () => element('chat').children.map(({ children: [, words] }) => words.textContent);

test('shows a line once, however often it comes', () => {
  receive(1, 'first');
  for (let i = 0; i < 1000; ++i) receive(7, `again ${i}`);
  assert.deepEqual(shown(), ['first', 'again 999']);
  chat.handle({ kind: 'removed', id: 7 });
  assert.deepEqual(shown(), ['first']);
});

test('keeps the last 200 lines of all talkers together', () => {
  for (let i = 0; i < 1000; ++i) receive(i, `line ${i}`, `talker ${i % 3}`);
  assert.equal(shown().length, 200);
  assert.equal(shown().at(-1), 'line 999');
});

test('keeps the direction of one text from its neighbours', () => {
  receive(1, 'שלום');
  const [{ children }] = element('chat').children;
  assert.deepEqual(children.map((each) => /** @type {{ dir?: string }} */ (each).dir), ['auto', 'auto']);
});
