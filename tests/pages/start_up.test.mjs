// How the pages come up: their start-up script, and their one way to a storage.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const web = new URL('web/', root);
/** @param {string} path */
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const pages = readdirSync(web).filter((name) => name.endsWith('.html'));
const scripts = readdirSync(web).filter((name) => name.endsWith('.mjs'));

test('every page has the start-up script, and what it shows', () => {
  for (const page of pages) {
    assert.match(read(`web/${page}`), /<script src="start_up.js">\n/, page);
    for (const id of ['stuck', 'stuck-text', 'again', 'old']) assert.match(read(`web/${page}`), new RegExp(`id="${id}"`), page);
  }
});

test('storage has one way in', () => {
  for (const script of scripts) {
    const code = read(`web/${script}`).replaceAll(/^ *(\/\/|\*|\/\*\*).*$/gm, '');
    const uses = code.match(/\b(localStorage|sessionStorage)\b/g) ?? [];
    if (script === 'page.mjs') assert.deepEqual(uses, ['localStorage', 'sessionStorage']);
    else assert.deepEqual(uses, [], script);
  }
});

test('the start page does not cut a name, and says itself that it is too long', () => {
  assert.doesNotMatch(read('web/index.html'), /id="new-room"[^>]*maxlength/, 'which would count otherwise, and cut silently');
});
