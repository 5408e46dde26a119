// Texts of a page that the server lets in no more.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { install } from './fake_page.mjs';

install({
  document: { getElementById: () => null, querySelectorAll: () => [], documentElement: { lang: 'en', dataset: {} } },
  window: globalThis,
  addEventListener: () => {},
  navigator: { languages: ['en'] },
  location: { href: 'https://onair.example/watch.html?lesson' },
  reportError: (/** @type {unknown} */ error) => {
    throw error;
  },
});

/** @type {{ whyRefused: () => Promise<string | undefined> }} */
const { whyRefused } = await import(new URL('../../web/reach.mjs', import.meta.url).href);
/** @type {{ default: { link: Record<string, string> } }} */
const { default: texts } = await import(new URL('../../web/texts.en.mjs', import.meta.url).href);

/** @type {[number, string | undefined][]} */
const answers = [
  [403, 'forbidden'],
  [429, 'tooMany'],
  [503, 'ending'],
  [426, undefined], // as it answers whoever it would let in
  [200, undefined],
];
for (const [status, why] of answers) {
  test(`an answer of ${status} is shown as ${why ?? 'nothing of its own'}`, async () => {
    /** @type {[string, RequestInit][]} */
    const asked = [];
    globalThis.fetch = async (address, init) => {
      asked.push([String(address), init ?? {}]);
      return new Response(null, { status });
    };
    assert.equal(await whyRefused(), why);
    assert.deepEqual(asked, [['https://onair.example/ws', { method: 'POST', cache: 'no-store' }]]);
    if (why) assert.ok(texts.link[why].endsWith('Retrying…'), 'there are words, which say that it goes on');
  });
}
