// Shared by all pages: texts in the person's language, the client, the room.

export const element = (id) => document.getElementById(id);

const languages = ['en', 'ja'];

function preferredLanguage() {
  const wanted = [localStorage.getItem('onair-language'), ...navigator.languages];
  const known = wanted.map((tag) => tag?.slice(0, 2)).find((tag) => languages.includes(tag));
  return known ?? languages[0];
}

let table;
const tables = {};
const listeners = [];

/** Gives the text of a key such as `seat.request`, with values for `{name}`. Empty before the texts are loaded. */
export function text(key, values = {}) {
  if (!table) return '';
  const words = key.split('.').reduce((found, part) => found[part], table);
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Fills the texts into elements with `data-text`, `data-label` (for screen readers) or `data-hint`. */
export function fillIn() {
  for (const each of document.querySelectorAll('[data-text]')) {
    const words = text(each.dataset.text);
    if (each.textContent !== words) each.textContent = words; // avoids a repaint of unchanged text
  }
  for (const each of document.querySelectorAll('[data-label]')) {
    each.setAttribute('aria-label', text(each.dataset.label));
    if (each.dataset.icon) each.title = text(each.dataset.label);
  }
  for (const each of document.querySelectorAll('[data-hint]')) each.placeholder = text(each.dataset.hint);
}

async function speak(language) {
  tables[language] ??= import(`./texts.${language}.mjs`);
  table = (await tables[language]).default;
  document.documentElement.lang = language;
  delete document.documentElement.dataset.waiting;
  if (!element('language').hidden) nameOtherLanguage();
  fillIn();
  for (const listener of listeners) listener();
}

// Starts after the page's own first steps, such as opening the socket. The HTML has the English texts.
const spoken = Promise.resolve().then(() => {
  const preferred = preferredLanguage();
  if (preferred !== document.documentElement.lang) document.documentElement.dataset.waiting = '';
  return speak(preferred);
});

function nameOtherLanguage() {
  const button = element('language');
  button.lang = languages.find((each) => each !== document.documentElement.lang);
  button.textContent = { en: 'English', ja: '日本語' }[button.lang];
}

/** Shows the button that changes the language. A browser needs some milliseconds to find glyphs for its one word. */
export async function offerLanguages() {
  await spoken;
  const button = element('language');
  button.hidden = false;
  nameOtherLanguage();
  button.addEventListener('click', () => {
    localStorage.setItem('onair-language', button.lang);
    speak(button.lang);
  });
}

/** Calls `listener` when the texts are loaded, and again after each change of language. */
export async function onLanguage(listener) {
  await spoken;
  listeners.push(listener);
  listener();
}

/** Gives the text for the server's refusal. A newer server may have codes that these tables lack. */
export const refusal = (code) => (code in (table?.refusal ?? {}) ? text(`refusal.${code}`) : text('link.refused'));

/**
 * Collects calls to `draw`. `soon` draws before the next frame. `later` draws within 200 ms: for states that would
 * only flash by, and for work that must not delay the network.
 */
export function oncePerFrame(draw) {
  let due = false;
  let timer;
  const now = () => {
    due = false;
    clearTimeout(timer);
    timer = undefined;
    draw();
  };
  const soon = () => {
    if (due) return;
    due = true;
    // A hidden page has no frames.
    if (document.hidden) setTimeout(now);
    else requestAnimationFrame(now);
  };
  const later = () => {
    timer ??= setTimeout(soon, 200);
  };
  return { soon, later };
}

/** Sets an element's text and hides the element if the text is empty. */
export function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words;
  element(id).hidden = words === '';
}

/** Shows the state of the connection to the server; on a small screen only when there is trouble. */
export function showLink(status) {
  say('link', text(`link.${status}`));
  element('link').toggleAttribute('data-trouble', status !== 'joined');
}

/** Gives the address of the server's WebSocket. */
export function socketAddress() {
  const url = new URL('ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  return url.href;
}

/**
 * Makes the client (`createOnair` of onair.mjs) and returns it with the options of every client: {onair, options}. If
 * that fails, shows why on the page and returns undefined.
 */
export async function openRoom(createOnair, video) {
  if (typeof WebAssembly !== 'object' || typeof RTCPeerConnection !== 'function') {
    onLanguage(() => say('notice', text('tooOld')));
    return undefined;
  }
  // The socket opens while the client is compiled; neither waits for the texts.
  const loading = createOnair();
  const url = socketAddress();
  const socket = new WebSocket(url);
  holdBackUntilOpen(socket);
  const onair = await loading;
  const { room, error } = onair.roomOfQuery(location.search);
  if (error) {
    socket.close();
    onLanguage(() => say('notice', text('badRoom', { why: error })));
    return undefined;
  }
  element('room').textContent = room;
  // After localStorage.setItem('onair-trace', '') in the console, the next load prints every step.
  const trace = localStorage.getItem('onair-trace') !== null;
  return { onair, options: { url, socket, room, video, trace, entryToken: entryToken(room), ...memory(room) } };
}

/**
 * Gives the entry token of the link (`#token=…`; a fragment never reaches a server's log), or the stored one. Removes
 * it from the address bar, so that nobody shares it by accident.
 */
function entryToken(room) {
  const name = `onair-token ${location.pathname} ${room}`;
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(name, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(name);
}

/**
 * Stores the resume token for a reload. A page opened anew, or as a copy of another tab, is a new peer and gets no
 * token.
 */
function memory(room) {
  const name = `onair ${location.pathname} ${room}`;
  const [{ type }] = performance.getEntriesByType('navigation');
  return {
    token: type === 'reload' ? sessionStorage.getItem(name) : null,
    remember: (token) => sessionStorage.setItem(name, token),
  };
}

/** Delays the first layout, which is slow, until the client waits for the server's answer. */
function holdBackUntilOpen(socket) {
  document.documentElement.dataset.starting = '';
  const show = () => delete document.documentElement.dataset.starting;
  socket.addEventListener('open', show);
  setTimeout(show, 100);
}

/** Starts the client, and makes it leave when the page closes. */
export function begin(client) {
  addEventListener('pagehide', () => client.leave());
  // The person opened another link to the same room in this tab.
  addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload());
  // The client of a page from the back-forward cache has left the room, so the page reloads.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  addEventListener('online', () => client.wake());
  document.addEventListener('visibilitychange', () => document.hidden || client.wake());
  client.start();
  return client;
}

/** 1.2 Mbit/s */
export const megabits = (bitsPerSecond) => text('megabits', { n: (bitsPerSecond / 1e6).toFixed(1) });

/** 0.4 % */
export const percent = (part) => text('percent', { n: (100 * part).toFixed(1) });
