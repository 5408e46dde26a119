// What both pages share: the client, the room, and places for words.

import * as texts from './texts.mjs';

export const element = (id) => document.getElementById(id);

/** Puts words into an element, which hides while it has none. */
export function say(id, words) {
  element(id).textContent = words;
  element(id).hidden = words === '';
}

/**
 * Loads the client and gives it with what every client needs: {onair, options}. Where that can't be
 * done, says so on the page and gives nothing.
 */
export async function openRoom(video) {
  if (typeof WebAssembly !== 'object' || typeof RTCPeerConnection !== 'function') {
    say('notice', texts.noWebAssembly);
    return undefined;
  }
  const { default: createOnair } = await import('./onair.mjs');
  const onair = await createOnair();
  const { room, error } = onair.roomOfQuery(location.search);
  if (error) {
    say('notice', texts.badRoom(error));
    return undefined;
  }
  element('room').textContent = room;
  const url = new URL('ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  return { onair, options: { url: url.href, room, video } };
}

/** Starts the client, and lets it say good-bye when the page goes away. */
export function begin(client) {
  addEventListener('pagehide', () => client.leave());
  // A page that the browser kept and shows again has said good-bye: it must enter anew.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  client.start();
  return client;
}
