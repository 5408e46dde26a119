// client_wasm/browser/onair.d.mts, by which the pages' calls are checked, and the pages' texts know what the C++ knows.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { setting } from '../setting.mjs';
import { FakeVideo, install, loadClient, standing } from './fake_browser.mjs';
import { fieldsOf, methodsOf, wordsOf } from './types.mjs';

install({});
const onair = await loadClient();
const web = new URL('../../web/', import.meta.url);

/** @type {Record<string, string[]>} */
const names = JSON.parse(execFileSync(process.execPath, [setting('ONAIR_NAMES')], { encoding: 'utf8' }));
const { ErrorCode: errorCodes, ...unions } = names;

for (const [alias, words] of Object.entries(unions)) {
  test(`${alias} has the names that the C++ has`, () => {
    assert.ok(words.length > 1);
    assert.deepEqual(wordsOf(alias).sort(), words.sort());
  });
}

/** @type {import('../../web/types.d.ts').Table} */
const { default: texts } = await import(new URL('texts.en.mjs', web).href);
/**
 * The words under "notice" or "devices.picture" of the table.
 * @param {string} path
 * @returns {Record<string, unknown>}
 */
const textsOf = (path) => path.split('.').reduce((part, name) => Object(part)[name], Object(texts));

test('there is a text for every state of the client', () => {
  for (const [part, words] of Object.entries({
    notice: names.Notice,
    picture: names.Picture,
    'devices.picture': names.DeviceState,
    'devices.microphone': names.DeviceState,
  })) {
    for (const word of words) assert.equal(typeof textsOf(part)[word], 'string', `${part}.${word}`);
  }
});

test('there is a text for every error that keeps a client out, and for no other word', () => {
  const atTheDoor = errorCodes.filter((code) => /^(room_|too_many_rooms|token_|removed)/.test(code));
  assert.ok(atTheDoor.length > 7);
  const refusals = Object.keys(textsOf('refusal'));
  for (const code of atTheDoor) assert.ok(refusals.includes(code), code);
  for (const code of refusals) assert.ok(errorCodes.includes(code), code);
});

/**
 * The functions that embind has given a class.
 * @param {object} prototype
 * @returns {string[]}
 */
const bound = (prototype) =>
  Object.getOwnPropertyNames(prototype).filter((name) => !['constructor', 'argCount'].includes(name));
/** embind's own, of all classes. */
const common = bound(Object.getPrototypeOf(onair.Recording.prototype));

/**
 * Notes which of its fields are read.
 * @param {object} fields
 */
function noting(fields) {
  /** @type {Set<string>} */
  const read = new Set();
  const proxy = new Proxy(fields, {
    get(target, field) {
      if (typeof field === 'string') read.add(field);
      return Reflect.get(target, field);
    },
  });
  return { proxy, read };
}

/** @type {(found: Iterable<string>, expected: Iterable<string>) => void} */
const same = (found, expected) => assert.deepEqual([...found].sort(), [...expected].sort());

const options = { url: 'ws://here/ws', room: 'lesson', video: new FakeVideo() };
for (const name of /** @type {const} */ (['TalkClient', 'WatchClient'])) {
  test(`${name} has the functions that its type declares, and reads those options`, () => {
    const { proxy, read } = noting(options);
    const client = new onair[name](standing(proxy));
    same(read, fieldsOf('PageOptions'));
    callsAsDeclared(client, name);
    client.delete();
  });
}

test('Recording and WebmFile have the functions that their types declare', () => {
  callsAsDeclared(new onair.Recording({ perform() {}, changed() {} }), 'Recording');
  callsAsDeclared(new onair.WebmFile(), 'WebmFile');
});

/** Emscripten 3.1.69 counts no arguments in a release build, as 3.1.6 does. */
const countsArguments = (() => {
  try {
    Object(new onair.WebmFile()).header('one too many');
    return false;
  } catch {
    return true;
  }
})();

/** @type {(object: object, type: string) => void} */
function callsAsDeclared(object, type) {
  const methods = methodsOf(type);
  const declared = Object.keys(methods).filter((method) => !common.includes(method));
  same(bound(Object.getPrototypeOf(object)), declared);
  if (!countsArguments) return;
  for (const [method, count] of Object.entries(methods)) {
    if (common.includes(method)) continue;
    const tooMany = Array(count + 1).fill('');
    assert.throws(() => Object(object)[method](...tooMany), new RegExp(`expected ${count} arg`), method);
  }
}

test('a choice of devices is read by the fields that its type declares', () => {
  const client = new onair.TalkClient(standing(options));
  const { proxy, read } = noting({ camera: '', microphone: '', size: 'small', sound: 'music' });
  client.choose(standing(proxy));
  same(read, fieldsOf('MediaChoice'));
  client.delete();
});

/** @type {{ faultOf: (name: string) => string | undefined }} */
const { faultOf } = await import(new URL('room_name.mjs', web).href);

test('the start page takes the names of rooms that the client takes', () => {
  const hidden = '\0 \n \x7f \x9b \u061c \u200e \u200f \u2028 \u2029 \u202a \u202e \u2066 \u2069'.split(' ');
  for (const name of [
    ...['a'.repeat(128), 'a'.repeat(129), '教'.repeat(42), '教'.repeat(43)],
    ...hidden.map((character) => `a${character}b`),
    ...['embed', '_defaultroom', '.', '..', '%2F', '教室 1', 'a&b=c#d?e+f'],
  ]) {
    const { room, error } = onair.roomOfQuery(`?${encodeURIComponent(name)}`);
    assert.equal(faultOf(name) === undefined, error === undefined, JSON.stringify(name));
    if (room !== undefined) assert.equal(room, name);
  }
});
