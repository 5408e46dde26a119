// client_wasm/browser/onair.d.mts, by which the pages' calls are checked, says what the C++ does.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const folder = fileURLToPath(new URL('../../client_wasm/', import.meta.url));
/** @param {string} path */
const read = (path) => readFileSync(join(folder, path), 'utf8');
const sources = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((path) => /\.(cpp|hpp)$/.test(path))
  .sort();
const all = sources.map(read).join('\n');

const types = ts.createSourceFile('onair.d.mts', read('browser/onair.d.mts'), ts.ScriptTarget.Latest, true);
/** @type {Map<string, ts.TypeElement[]>} */
const interfaces = new Map();
/** @type {Map<string, string[]>} */
const unions = new Map();
for (const statement of types.statements) {
  if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, [...statement.members]);
  if (ts.isTypeAliasDeclaration(statement)) {
    unions.set(statement.name.text, quoted(statement.type.getText(), /'(\w+)'/g));
  }
}

/** @type {(text: string, pattern: RegExp) => string[]} */
function quoted(text, pattern) {
  return [...text.matchAll(pattern)].map(([, name]) => name);
}

/**
 * What stands between `begin` and the end of that function or struct.
 * @type {(text: string, begin: RegExp) => string}
 */
function bodyOf(text, begin) {
  const [found] = text.match(new RegExp(`${begin.source}.*?\\n}`, 's')) ?? [];
  assert.ok(found, `${begin} is nowhere`);
  return found;
}

/** @param {string} name */
function membersOf(name) {
  const members = interfaces.get(name);
  assert.ok(members, `there is no interface ${name}`);
  return members;
}

/** @param {string[]} names */
const fieldsOf = (...names) => names.flatMap((name) => membersOf(name).map((member) => member.name?.getText() ?? ''));

/** @type {(found: string[], expected: string[], message?: string) => void} */
function same(found, expected, message) {
  assert.deepEqual([...new Set(found)].sort(), [...new Set(expected)].sort(), message);
}

test('every name of a state', () => {
  for (const [type, cpp] of Object.entries({
    Link: 'LinkStatus',
    Stage: 'LocalStream::Stage',
    ViewerState: 'ViewerView::State',
    Picture: 'WatchView::Picture',
    Quality: 'Reception::Quality',
    PictureSize: 'PictureSize',
    DeviceState: 'DeviceState',
    Sent: 'Sent',
    ChatRefusal: 'ChatRefused::Reason',
    Notice: 'Notice',
    RecordingState: 'RecordingView::State',
    RecordingTrouble: 'Trouble',
  })) {
    const names = quoted(bodyOf(all, new RegExp(`name_of\\(${cpp} \\w+\\) {`)), /return "(\w+)";/g);
    assert.ok(names.length > 2, cpp);
    same(unions.get(type) ?? [], names, type);
  }
});

test('every field of what a page is given, and gives', () => {
  const field = /\{"(\w+)", /g;
  const talk = read('browser/talk_client.cpp');
  const client = read('browser/client.hpp');
  same(fieldsOf('TalkView'), quoted(bodyOf(talk, /val TalkClient::view_for_page/), field));
  same(fieldsOf('WatchView', 'Reception'), quoted(bodyOf(all, /val WatchClient::view_for_page/), field));
  for (const name of ['ViewerView', 'Device', 'MediaChoice']) {
    same(fieldsOf(name), quoted(bodyOf(talk, new RegExp(`val to_js\\(const session::${name}&`)), field), name);
  }
  same(quoted(bodyOf(talk, /choice_of\(/), /choice\["(\w+)"\]/g), fieldsOf('MediaChoice'));
  same([...fieldsOf('ChatLine'), 'kind', 'reason'], [...quoted(client, field), 'from']);
  same(fieldsOf('PageOptions'), quoted(bodyOf(client, /struct PageOptions {/), /options\["(\w+)"\]/g));
});

const cppTypes = new Map([
  ['std::string', 'string'],
  ['bool', 'boolean'],
  ['ChatLineId', 'number'],
  ['val', 'MediaChoice'],
  ['session::FileNumber', 'number'],
  ['double', 'number'],
]);

/**
 * "mute(string, boolean)", as the C++ declares what is bound under that name.
 * @param {string} name
 */
function declared(name) {
  const cpp = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const [, list] = new RegExp(`\\b(?:void|val) ${cpp}\\(([^)]*)\\)(?:;| const \\{| \\{)`).exec(all) ?? [];
  assert.notEqual(list, undefined, `${cpp} is nowhere`);
  const parameters = String(list).split(',').filter(Boolean);
  const kinds = parameters.map((each) => cppTypes.get(each.trim().replace(/^const |& \w+$| \w+$|protocol::/g, '')));
  return `${name}(${kinds.join(', ')})`;
}

/** @param {string} name of an interface */
const calls = (name) =>
  membersOf(name)
    .filter(ts.isMethodSignature)
    .map((method) => `${method.name.getText()}(${method.parameters.map(({ type }) => type?.getText()).join(', ')})`);

test('every function that is bound, with what it takes', () => {
  const files = ['bindings.hpp', 'bindings.cpp', 'talk_bindings.cpp', 'watch_bindings.cpp'];
  const bindings = files.map((name) => read(`browser/${name}`)).join('\n');
  /** @type {(begin: RegExp) => string[]} */
  const bound = (begin) => {
    const [list = ''] = bindings.match(new RegExp(`${begin.source}.*?;`, 's')) ?? [];
    return quoted(list, /\.function\("(\w+)"/g);
  };
  same(calls('Client'), [...bound(/class_<Client>\(name\)/).map(declared), 'delete()']);
  same(calls('TalkClient'), bound(/bind_client<TalkClient>/).map(declared));
  same(calls('WatchClient'), bound(/bind_client<WatchClient>/).map(declared));
  same(calls('Recording'), bound(/class_<Recording>/).map(declared));
  same(fieldsOf('WebmFile'), [...bound(/class_<WebmFile>/), 'delete']);
  same(fieldsOf('RecordingView'), quoted(bodyOf(read('browser/recording.cpp'), /val Recording::view/), /\{"(\w+)", /g));
  same(unions.get('RecordingCommand') ?? [], quoted(read('browser/recording.cpp'), /return "(\w+)";/g));
  same(calls('Onair'), quoted(bindings, /::function\("(\w+)"/g).map((name) => `${name}(string)`));
});
