// How the pages come up: their one inline script, their one way to a storage, and the names that they take.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const web = new URL('web/', root);
/** @param {string} path */
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const pages = readdirSync(web).filter((name) => name.endsWith('.html'));
const scripts = readdirSync(web).filter((name) => name.endsWith('.mjs'));

/** @param {string} page */
const inlineScripts = (page) => [...read(`web/${page}`).matchAll(/<script>(.*?)<\/script>/gs)].map(([, code]) => code);

test('the policy allows the one inline script of each page, and no other', () => {
  const hashes = [...read('server/net/http/message.cpp').matchAll(/'sha256-([^']+)'/g)].map(([, hash]) => hash);
  for (const page of pages) {
    const found = inlineScripts(page).map((code) => createHash('sha256').update(code).digest('base64'));
    assert.deepEqual(found, hashes, page);
  }
  assert.equal(hashes.length, 1);
});

test('every page has what the inline script shows', () => {
  for (const page of pages) {
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

/** @type {{ faultOf: (name: string) => string | undefined }} */
const { faultOf } = await import(new URL('room_name.mjs', web).href);

test('the start page takes the names that the protocol takes', () => {
  const [, most] = /kMaxRoomNameBytes = (\d+)/.exec(read('client_wasm/protocol/limits.hpp')) ?? [];
  assert.equal(faultOf('a'.repeat(Number(most))), undefined);
  assert.equal(faultOf('a'.repeat(Number(most) + 1)), 'tooLong');
  assert.equal(faultOf('教'.repeat(42)), undefined);
  assert.equal(faultOf('教'.repeat(43)), 'tooLong', '129 bytes');
  for (const hidden of ['\0', '\n', '\x7f', '\x9b', '\u061c', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069']) {
    assert.equal(faultOf(`a${hidden}b`), 'hiddenCharacters', hidden.charCodeAt(0).toString(16));
  }
  for (const name of ['', 'embed', '_defaultroom', '.', '..', '%2F', '教室 1', 'a&b=c#d?e+f']) assert.equal(faultOf(name), undefined);
  assert.doesNotMatch(read('web/index.html'), /id="new-room"[^>]*maxlength/, 'which would count otherwise, and cut silently');
});
