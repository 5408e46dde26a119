// Shared by all pages: texts in the person's language, the client, the room.

/**
 * @template {keyof Elements} Id
 * @param {Id} id
 */
export const element = (id) => /** @type {Elements[Id]} */ (document.getElementById(id));

/** @typedef {import('./types.d.ts').Language} Language */
/** @type {Record<Language, string>} */
const languages = { en: 'English', ja: '日本語' };

/** @type {(tag: string | undefined) => tag is Language} */
const isKnown = (tag) => Object.keys(languages).includes(tag ?? '');

function preferredLanguage() {
  const wanted = [localStorage.getItem('onair-language'), ...navigator.languages];
  return wanted.map((tag) => tag?.slice(0, 2)).find(isKnown) ?? 'en';
}

/** @type {import('./types.d.ts').Table | undefined} */
let table;
/** @type {Partial<Record<Language, Promise<{ default: import('./types.d.ts').Table }>>>} */
const tables = {};
/** @type {(() => void)[]} */
const listeners = [];

/**
 * @param {string | import('./types.d.ts').Table} part
 * @param {string[]} path
 * @returns {string}
 */
const wordsAt = (part, [name, ...rest]) => (typeof part === 'string' ? part : wordsAt(part[name], rest));

/** @type {(key: string, values?: Record<string, string | number>) => string} */
function find(key, values = {}) {
  return table ? wordsAt(table, key.split('.')).replace(/\{(\w+)\}/g, (_, name) => String(values[name])) : '';
}

/**
 * Gives the text of a key such as `seat.request`, with values for `{name}`. Empty before the texts are loaded.
 * @type {import('./types.d.ts').Text}
 */
export const text = find;

/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => document.querySelectorAll(selector);

/** Fills the texts into elements with `data-text`, `data-label` (for screen readers) or `data-hint`. */
export function fillIn() {
  for (const each of all('[data-text]')) {
    const words = find(each.dataset.text ?? '');
    if (each.textContent !== words) each.textContent = words; // avoids a repaint of unchanged text
  }
  for (const each of all('[data-label]')) {
    const words = find(each.dataset.label ?? '');
    each.setAttribute('aria-label', words);
    if (each.dataset.icon) each.title = words;
  }
  for (const each of all('[data-hint]')) each.setAttribute('placeholder', find(each.dataset.hint ?? ''));
}

/**
 * Loads `part`, a module or the client. Retries every few seconds while the server is away, each time with another
 * query, since browsers cache a failed import.
 * @template Part
 * @param {(query: string) => Promise<Part>} part
 * @param {() => void} [failed]
 * @returns {Promise<Part>}
 */
export async function load(part, failed) {
  for (let query = ''; ; query = `?${performance.now()}`) {
    try {
      return await part(query);
    } catch (error) {
      console.warn(error);
      failed?.();
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }
}

/** @param {Language} language */
async function speak(language) {
  const { lang, dataset } = document.documentElement;
  if (!table && language !== lang) dataset.waiting = '';
  const show = () => delete dataset.waiting;
  tables[language] ??= load((query) => import(`./texts.${language}.mjs${query}`), show);
  table = (await tables[language]).default;
  document.documentElement.lang = language;
  show();
  fillIn();
  for (const listener of listeners) listener();
}

// Starts after the page's own first steps, such as opening the socket. The HTML has the English texts.
queueMicrotask(() => {
  speak(preferredLanguage()).catch(reportError);
});

/** Shows the button that changes the language. A browser needs some milliseconds to find glyphs for its one word. */
export function offerLanguages() {
  const button = element('language');
  onLanguage(() => {
    const other = document.documentElement.lang === 'en' ? 'ja' : 'en';
    button.lang = other;
    button.textContent = languages[other];
    button.onclick = () => {
      localStorage.setItem('onair-language', other);
      speak(other).catch(reportError);
    };
    button.hidden = false;
  });
}

/**
 * Calls `listener` as soon as the texts are loaded, and again after each change of language.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.push(listener);
  if (table) listener();
}

/**
 * Gives the text for the server's refusal. A newer server may have codes that these tables lack.
 * @param {string} code
 */
export const refusal = (code) => (hasWords(code) ? text(`refusal.${code}`) : text('link.refused'));

/** @type {(code: string) => code is import('./types.d.ts').KnownRefusal} */
const hasWords = (code) => code in Object(table?.refusal);

/**
 * Collects calls to `draw`. `soon` draws before the next frame. `later` draws within 200 ms: for states that would
 * only flash by, and for work that must not delay the network.
 * @param {() => void} draw
 */
export function oncePerFrame(draw) {
  let due = false;
  /** @type {number | undefined} */
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

/**
 * Sets an element's text and hides the element if the text is empty.
 * @param {keyof Elements} id
 * @param {string} words
 */
export function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words;
  element(id).hidden = words === '';
}

/**
 * Shows the state of the connection to the server; on a small screen only when there is trouble.
 * @param {import('./onair.mjs').Link} status
 */
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
 * @param {typeof import('./onair.mjs').default} createOnair
 * @param {HTMLVideoElement} video
 */
export async function openRoom(createOnair, video) {
  if (typeof WebAssembly !== 'object' || typeof RTCPeerConnection !== 'function') {
    onLanguage(() => say('notice', text('tooOld')));
    return undefined;
  }
  // The socket opens while the client is compiled; neither waits for the texts.
  const loading = load(() => createOnair(), () => showLink('unreachable'));
  const url = socketAddress();
  const socket = new WebSocket(url);
  holdBackUntilOpen(socket);
  const onair = await loading;
  const { room, error } = onair.roomOfQuery(location.search);
  if (error !== undefined) {
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
 * @param {string} room
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
 * @param {string} room
 */
function memory(room) {
  const name = `onair ${location.pathname} ${room}`;
  const [opening] = performance.getEntriesByType('navigation');
  const again = opening instanceof PerformanceNavigationTiming && opening.type === 'reload';
  return {
    token: again ? sessionStorage.getItem(name) : null,
    /** @param {string} token */
    remember: (token) => sessionStorage.setItem(name, token),
  };
}

/**
 * Delays the first layout, which is slow, until the client waits for the server's answer.
 * @param {WebSocket} socket
 */
function holdBackUntilOpen(socket) {
  document.documentElement.dataset.starting = '';
  const show = () => delete document.documentElement.dataset.starting;
  socket.addEventListener('open', show);
  setTimeout(show, 100);
}

/**
 * Starts the client, and makes it leave when the page closes.
 * @param {import('./onair.mjs').Client<unknown>} client
 */
export function begin(client) {
  addEventListener('pagehide', () => client.leave());
  // The person opened another link to the same room in this tab.
  addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload());
  // The client of a page from the back-forward cache has left the room, so the page reloads.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  addEventListener('online', () => client.wake());
  document.addEventListener('visibilitychange', () => document.hidden || client.wake());
  client.start();
}

/**
 * 1.2 Mbit/s
 * @param {number} bitsPerSecond
 */
export const megabits = (bitsPerSecond) => text('megabits', { n: (bitsPerSecond / 1e6).toFixed(1) });

/**
 * 0.4 %
 * @param {number} part
 */
export const percent = (part) => text('percent', { n: (100 * part).toFixed(1) });
