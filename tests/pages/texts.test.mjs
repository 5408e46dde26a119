// Tests the tables of texts, and the pages that use them.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../web/', import.meta.url);
/** @typedef {import('../../web/types.d.ts').Table} Table */

/** @type {(language: string) => Promise<Table>} */
const load = async (language) => (await import(new URL(`texts.${language}.mjs`, web).href)).default;

/**
 * {"seat.request": "Request", ...}
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
