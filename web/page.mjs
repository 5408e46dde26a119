// What all pages share: words in the person's language, the client, the room.

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
 * The words of a key such as `seat.request`, with values in the place of `{name}`; none before they are loaded.
 * @type {import('./types.d.ts').Text}
 */
export const text = find;

/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => document.querySelectorAll(selector);

/** Elements with `data-text`, `data-label` (for screen readers) or `data-hint` get their words here. */
export function fillIn() {
  for (const each of all('[data-text]')) {
    const words = find(each.dataset.text ?? '');
    if (each.textContent !== words) each.textContent = words; // else it need not be painted again
  }
  for (const each of all('[data-label]')) {
    const words = find(each.dataset.label ?? '');
    each.setAttribute('aria-label', words);
    if (each.dataset.icon) each.title = words;
  }
  for (const each of all('[data-hint]')) each.setAttribute('placeholder', find(each.dataset.hint ?? ''));
}

/**
 * Gives what `part` gives, a module or the client. While the server is away it asks again every few seconds, each time
 * with another query, since browsers keep a failed import.
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

// After what the page itself begins at once, such as opening the socket. The pages themselves are in English.
queueMicrotask(() => {
  speak(preferredLanguage()).catch(reportError);
});

/** Shows the button that changes the language. To find glyphs for its one word takes a browser some milliseconds. */
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
 * Calls `listener` as soon as there are words, and again whenever they are of another language.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.push(listener);
  if (table) listener();
}

/**
 * Why the server keeps us out, in words. A newer server may know more reasons than these tables.
 * @param {string} code
 */
export const refusal = (code) => (hasWords(code) ? text(`refusal.${code}`) : text('link.refused'));

/** @type {(code: string) => code is import('./types.d.ts').KnownRefusal} */
const hasWords = (code) => code in Object(table?.refusal);

/**
 * Two ways to ask for `draw`, however often: `soon` before the next frame, and `later` for what people would see flash
 * by, or what must not hold up the network; it takes 200 ms where nothing is drawn sooner.
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
    // A page that is not seen has no frames.
    if (document.hidden) setTimeout(now);
    else requestAnimationFrame(now);
  };
  const later = () => {
    timer ??= setTimeout(soon, 200);
  };
  return { soon, later };
}

/**
 * Puts words into an element, which hides while it has none.
 * @param {keyof Elements} id
 * @param {string} words
 */
export function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words;
  element(id).hidden = words === '';
}

/**
 * How things stand with the server; on a small screen only where they don't stand well.
 * @param {import('./onair.mjs').Link} status
 */
export function showLink(status) {
  say('link', text(`link.${status}`));
  element('link').toggleAttribute('data-trouble', status !== 'joined');
}

/** The address of the server's WebSocket. */
export function socketAddress() {
  const url = new URL('ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  return url.href;
}

/**
 * Makes and gives the client (`createOnair` of onair.mjs) with what every client needs: {onair, options}. Where that
 * can't be done, says so on the page and gives nothing.
 * @param {typeof import('./onair.mjs').default} createOnair
 * @param {HTMLVideoElement} video
 */
export async function openRoom(createOnair, video) {
  if (typeof WebAssembly !== 'object' || typeof RTCPeerConnection !== 'function') {
    onLanguage(() => say('notice', text('tooOld')));
    return undefined;
  }
  // The socket opens while the client is compiled, and neither waits for the words.
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
  // In the console, localStorage.setItem('onair-trace', '') shows every step from the next load on.
  const trace = localStorage.getItem('onair-trace') !== null;
  return { onair, options: { url, socket, room, video, trace, entryToken: entryToken(room), ...memory(room) } };
}

/**
 * The token that lets one in, where the link brought one (`#token=…`; a fragment never reaches a server's log).
 * It goes out of the address bar, so that nobody passes it on by chance.
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
 * Where a page that is loaded again finds its token. A page that was opened anew, or as a copy of
 * another tab, is somebody else.
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
 * The first layout takes as long as the client's start, and better comes while that waits for the server's answer.
 * @param {WebSocket} socket
 */
function holdBackUntilOpen(socket) {
  document.documentElement.dataset.starting = '';
  const show = () => delete document.documentElement.dataset.starting;
  socket.addEventListener('open', show);
  setTimeout(show, 100);
}

/**
 * Starts the client, and lets it say good-bye when the page goes away.
 * @param {import('./onair.mjs').Client<unknown>} client
 */
export function begin(client) {
  addEventListener('pagehide', () => client.leave());
  // Another link to the same room was opened in this tab.
  addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload());
  // A page that the browser kept and shows again has said good-bye: it must enter anew.
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
