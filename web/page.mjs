// What both pages share: the client, the room, and places for words.

import * as texts from './texts.mjs';

export const element = (id) => document.getElementById(id);

/** Puts words into an element, which hides while it has none. */
export function say(id, words) {
  element(id).textContent = words;
  element(id).hidden = words === '';
}

/** The address of the server's WebSocket. */
export function socketAddress() {
  const url = new URL('ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  return url.href;
}

/**
 * Loads and gives the client with what every client needs: {onair, options}. Where that can't be done, says so
 * on the page and gives nothing.
 */
export async function openRoom(video) {
  if (typeof WebAssembly !== 'object' || typeof RTCPeerConnection !== 'function') {
    say('notice', texts.noWebAssembly);
    return undefined;
  }
  // The socket opens while the client is compiled.
  const loading = import('./onair.mjs').then(({ default: createOnair }) => createOnair());
  const url = socketAddress();
  const socket = new WebSocket(url);
  const onair = await loading;
  const { room, error } = onair.roomOfQuery(location.search);
  if (error) {
    socket.close();
    say('notice', texts.badRoom(error));
    return undefined;
  }
  element('room').textContent = room;
  // In the console, localStorage.setItem('onair-trace', '') shows every step from the next load on.
  const trace = localStorage.getItem('onair-trace') !== null;
  return { onair, options: { url, socket, room, video, trace, ...memory(room) } };
}

/**
 * Where a page that is loaded again finds its token. A page that was opened anew, or as a copy of
 * another tab, is somebody else.
 */
function memory(room) {
  const name = `onair ${location.pathname} ${room}`;
  const [{ type }] = performance.getEntriesByType('navigation');
  return {
    token: type === 'reload' ? sessionStorage.getItem(name) : null,
    remember: (token) => sessionStorage.setItem(name, token),
  };
}

/** Starts the client, and lets it say good-bye when the page goes away. */
export function begin(client) {
  addEventListener('pagehide', () => client.leave());
  // A page that the browser kept and shows again has said good-bye: it must enter anew.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  addEventListener('online', () => client.wake());
  document.addEventListener('visibilitychange', () => document.hidden || client.wake());
  client.start();
  return client;
}
