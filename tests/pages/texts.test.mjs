// Tests the tables of texts, and the pages that use them.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../web/', import.meta.url);
/** @typedef {import('../../web/types.d.ts').Table} Table */

/** @type {(language: string) => Promise<Table>} */
const load = async (language) => (await import(new URL(`texts.${language}.mjs`, web).href)).default;

/**
 * {"viewer.request": "Request", ...}
 * @param {Table} table
 * @returns {Record<string, string>}
 */
function flat(table, prefix = '') {
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value]] : Object.entries(flat(value, `${prefix}${key}.`)),
    ),
  );
}

const english = flat(await load('en'));
const japanese = flat(await load('ja'));
/** @param {string} words */
const placeholders = (words) => (words.match(/\{\w+\}/g) ?? []).sort();

test('has the same texts in both languages, with the same values in them', () => {
  assert.deepEqual(Object.keys(japanese).sort(), Object.keys(english).sort());
  for (const [key, words] of Object.entries(english)) {
    assert.deepEqual(placeholders(japanese[key]), placeholders(words), key);
    assert.equal(japanese[key] === '', words === '', key);
  }
});

test('has every text that a page uses', () => {
  let named = 0;
  for (const file of readdirSync(web)) {
    const source = readFileSync(new URL(file, web), 'utf8');
    const inPages = [...source.matchAll(/data-(?:text|label|hint)="([^"]+)"/g)];
    const inScripts = file.startsWith('texts.') ? [] : [...source.matchAll(/\btext\('([\w.]+)'/g)];
    for (const [, key] of [...inPages, ...inScripts]) {
      assert.ok(key in english, `${file}: ${key}`);
      ++named;
    }
  }
  assert.ok(named > 80, `${named} were found`);
});

test('has the table’s English texts in the pages before their scripts run', () => {
  for (const file of readdirSync(web).filter((name) => name.endsWith('.html'))) {
    const source = readFileSync(new URL(file, web), 'utf8');
    for (const [, key, words] of source.matchAll(/data-text="([^"]+)"[^>]*>([^<]+)</g)) {
      assert.equal(words, english[key], `${file}: ${key}`);
    }
  }
});

// The same word for the same thing, on all pages.

/** Keys of what a button, a menu or a title says. @param {string[]} keys */
const labels = (...keys) => keys.map((key) => [english[key], japanese[key]]);
const buttons = labels(
  ...['studio.startVideo', 'studio.startScreen', 'studio.onAir', 'studio.stopVideo', 'studio.startPreview'],
  ...['studio.record', 'studio.stopRecording', 'studio.keepDirect', 'viewer.request', 'check.begin'],
);

test('calls a button by the words that stand on it', () => {
  let calls = 0;
  for (const [key, words] of Object.entries(english)) {
    for (const [, name] of words.matchAll(/[Pp]ress ([A-Z]\w*(?: (?:video|screen|Air|direct))?)/g)) {
      assert.ok(buttons.some(([label]) => label === name), `${key}: ${name}`);
      ++calls;
    }
  }
  for (const [key, words] of Object.entries(japanese)) {
    for (const [, name] of words.matchAll(/「([^」]+)」/g)) {
      assert.ok(buttons.some(([, label]) => label === name), `${key}: ${name}`);
      ++calls;
    }
  }
  assert.ok(calls > 20, `${calls} were found`);
});

test('mutes people in the chat alone; devices and sound are on or off', () => {
  const inChat = /^(studio\.(un)?mute(Name)?|chat\..*)$/;
  for (const [key, words] of Object.entries(english)) {
    if (!inChat.test(key)) assert.doesNotMatch(words, /\bmute|\bunmute|is hidden/i, key);
  }
  for (const [key, words] of Object.entries(japanese)) {
    if (!inChat.test(key)) assert.doesNotMatch(words, /消音|ミュート|発言|隠れ/, key);
  }
  const off = ['studio.microphoneOff', 'studio.cameraOff'];
  for (const key of off) {
    assert.match(english[key], new RegExp(` ${english['studio.off']}$`), key);
    assert.match(japanese[key], new RegExp(japanese['studio.off']), key);
  }
});

test('has the same words for the same thing on the pages of broadcaster and viewer', () => {
  for (const table of [english, japanese]) {
    assert.equal(table['studio.figures'], table['viewer.details']);
    for (const quality of ['fair', 'poor']) {
      const inList = table[`studio.connection.${quality}`].toLowerCase();
      assert.ok(inList.includes(table[`viewer.quality.${quality}`].toLowerCase()), quality);
      assert.ok(inList.includes(table['viewer.facts.quality'].toLowerCase()), quality);
    }
    assert.equal(table['studio.sound'], table['viewer.sound']);
  }
  assert.equal(english['studio.badge'], english['studio.onAir']);
  assert.ok(english['page.onAir'].includes(english['studio.onAir']));
});

test('calls whoever runs the server by one word', () => {
  for (const [key, words] of Object.entries(english)) assert.doesNotMatch(words, /administrator|\badmin\b/i, key);
  for (const [key, words] of Object.entries(japanese)) assert.doesNotMatch(words, /管理者/, key);
});
