// Links as messengers show them, and the files by which browsers install the pages as a program.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../web/', import.meta.url);
/** @param {string} name */
const read = (name) => readFileSync(new URL(name, web), 'utf8');

/**
 * Width and height of a PNG (ISO/IEC 15948 section 11.2.2).
 * @param {string} name
 */
function sizeOf(name) {
  const bytes = readFileSync(new URL(name, web));
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG', name);
  return `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}

for (const page of ['index.html', 'talk.html', 'watch.html']) {
  test(`${page} has a title, a description and a picture for messengers`, () => {
    const properties = Object.fromEntries(
      [...read(page).matchAll(/<meta (?:property|name)="([\w:-]+)" content="([^"]+)">/g)].map(([, name, value]) => [name, value]),
    );
    for (const name of ['og:title', 'og:description', 'og:type', 'og:site_name', 'description']) {
      assert.ok(properties[name], name);
    }
    assert.equal(properties['twitter:card'], 'summary_large_image');
    assert.equal(sizeOf(properties['og:image']), `${properties['og:image:width']}x${properties['og:image:height']}`);
  });

  test(`${page} can be installed`, () => {
    const source = read(page);
    assert.match(source, /<link rel="manifest" href="onair\.webmanifest">/);
    assert.match(source, /<link rel="apple-touch-icon" href="icon-192\.png">/);
  });
}

test('the manifest has what browsers ask for before they offer to install', () => {
  const manifest = JSON.parse(read('onair.webmanifest'));
  for (const name of ['name', 'short_name', 'start_url', 'display', 'theme_color', 'background_color']) {
    assert.ok(manifest[name], name);
  }
  const sizes = new Set();
  for (const { src, sizes: size, type } of manifest.icons) {
    assert.ok(existsSync(new URL(src, web)), src);
    if (type === 'image/png') assert.equal(sizeOf(src), size);
    sizes.add(size);
  }
  assert.ok(sizes.has('192x192') && sizes.has('512x512') && sizes.has('any'));
});

test('no page has inline styles, handlers or scripts: the build puts the one in that the policy allows', () => {
  for (const page of ['index.html', 'talk.html', 'watch.html', 'check.html']) {
    assert.doesNotMatch(read(page), /<style|\sstyle="|\son\w+="/, page);
    assert.doesNotMatch(read(page), /<script(?![^>]*\ssrc=)/, page);
  }
});

test('the pages keep their ids, which scripts of others and tests use', () => {
  /** @type {Record<string, string>} */
  const ids = {
    'talk.html':
      'room link language stage local-video cover badge clock recording silent unseen level notice elsewhere ' +
      'watch-instead unsaved unsaved-text save-unsaved discard-unsaved preview start-video start-screen on-air ' +
      'stop-video microphone camera record settings camera-device microphone-device size share-title watch-link copy ' +
      'share show-qr shared qr viewers-title viewers watching uplink audience nobody lock end-room locked chat-title ' +
      'chat-log chat chat-notice chat-form chat-text',
    'watch.html':
      'room link language stage remote-video cover badge signal unmute player pause mute volume pip fullscreen notice ' +
      'request details details-title detail-list chat-template chat-panel chat-title chat-log chat chat-notice ' +
      'chat-form chat-name chat-text',
  };
  for (const [page, names] of Object.entries(ids)) {
    const source = read(page);
    for (const id of names.split(' ')) assert.ok(source.includes(` id="${id}"`), `${page}: ${id}`);
  }
  const talk = read('talk.html');
  for (const name of ['Start video', 'On Air', 'Stop video', 'Start screen']) assert.ok(talk.includes(`>${name}</button>`), name);
});
