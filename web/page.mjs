// Shared by all pages: texts in the person's language, the client, the room.

/** @typedef {import('./onair.mjs').Onair} Onair */

/**
 * @template {keyof Elements} Id
 * @param {Id} id
 */
export const element = (id) => /** @type {Elements[Id]} */ (document.getElementById(id));

/**
 * The one way to a storage of the browser. Storage is a convenience: where the browser refuses it (cookies blocked, a
 * sandboxed frame, a WebView without it) or it is full, what is written lasts as long as the page.
 * @param {'localStorage' | 'sessionStorage'} kind
 */
function storage(kind) {
  /** @type {Map<string, string>} */
  const written = new Map();
  /** @type {<Result>(use: (area: Storage) => Result) => Result | undefined} */
  const attempt = (use) => {
    try {
      return use(window[kind]);
    } catch {
      return undefined;
    }
  };
  return {
    /** @param {string} name */
    read: (name) => written.get(name) ?? attempt((area) => area.getItem(name)) ?? null,
    /** @type {(name: string, value: string) => void} */
    write(name, value) {
      written.set(name, value);
      attempt((area) => area.setItem(name, value));
    },
    /** @param {string} name */
    remove(name) {
      written.delete(name);
      attempt((area) => area.removeItem(name));
    },
    names: () => [...new Set([...written.keys(), ...Object.keys(attempt((area) => area) ?? {})])],
  };
}

/** Kept for all tabs. */
export const lasting = storage('localStorage');
/** Kept for this tab, also over a reload. A browser copies it into a duplicate of the tab. */
export const ofTab = storage('sessionStorage');

/**
 * Shows or hides the sentence that the page did not load. The HTML has it in both languages, and a script of its own
 * that shows it where this module does not load.
 * @param {boolean} stuck
 */
const showStuck = (stuck) => {
  element('stuck').hidden = !stuck;
  if (stuck) element('again').onclick ??= loadAgain;
};

/**
 * A link would open the page anew: as another peer, who finds the room taken by the one that this page was.
 * @param {Event} event
 */
function loadAgain(event) {
  event.preventDefault();
  location.reload();
}

/** The page works: later failures are reported by the code that fails, or here. */
export function cameUp() {
  document.documentElement.dataset.up = '';
  showStuck(false);
}

/**
 * Owns the failures that nobody else handles, with no regard to those of a browser's extensions.
 * @param {unknown} error
 * @param {string} [file]
 */
function ownFailure(error, file = error instanceof Error ? error.stack : '') {
  if (!file?.includes(location.origin) || !('up' in document.documentElement.dataset)) return;
  element('stuck-text').textContent = text('wentWrong') || element('stuck-text').textContent;
  showStuck(true);
}
addEventListener('error', ({ error, filename }) => ownFailure(error, filename || undefined));
addEventListener('unhandledrejection', ({ reason }) => ownFailure(reason));

/** @typedef {import('./types.d.ts').Language} Language */
/** @type {Record<Language, string>} */
const languages = { en: 'English', ja: '日本語' };

/** @type {(tag: string | undefined) => tag is Language} */
const isKnown = (tag) => Object.keys(languages).includes(tag ?? '');

function preferredLanguage() {
  const wanted = [lasting.read('onair-language'), ...(navigator.languages ?? [])];
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
 * Gives the text of a key such as `viewer.request`, with values for `{name}`. Empty before the texts are loaded.
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
 * Loads `part`, a module or the client. Where that fails, says so and retries every few seconds, each time with another
 * query, since browsers cache a failed import.
 * @template Part
 * @param {(query: string) => Promise<Part>} part
 * @param {() => void} [failed]
 * @returns {Promise<Part>}
 */
export async function load(part, failed) {
  for (let query = ''; ; query = `?${performance.now()}`) {
    try {
      const loaded = await part(query);
      if (query !== '') showStuck(false);
      return loaded;
    } catch (error) {
      console.warn(error);
      showStuck(true);
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
      lasting.write('onair-language', other);
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
const hasWords = (code) => Object.hasOwn(Object(table?.refusal), code);

/**
 * Collects calls to `draw`. `soon` draws before the next frame. `later` draws within 200 ms, or as many as it is told:
 * for states that would only flash by, and for work that must not delay the network.
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
  const later = (within = 200) => {
    timer ??= setTimeout(soon, within);
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

/** @type {import('./reach.mjs').Why | undefined} */
let why;
/**
 * Set while the page is away from the server.
 * @type {number | undefined}
 */
let asking;
/** @type {import('./onair.mjs').Link} */
let shownLink = 'idle';

/**
 * Shows the state of the connection to the server; on a small screen only when there is trouble.
 * @param {import('./onair.mjs').Link} status
 */
export function showLink(status) {
  shownLink = status;
  const away = status === 'unreachable' || status === 'reconnecting';
  if (!away) {
    why = undefined;
    clearInterval(asking);
    asking = undefined;
  }
  say('link', text(`link.${why ?? status}`));
  element('link').toggleAttribute('data-trouble', status !== 'joined');
  if (!away || asking !== undefined) return;
  // Of thousands that have lost the server, not all at once.
  asking = setInterval(askWhy, 10_000 + 5000 * Math.random());
  if (status === 'unreachable') askWhy();
}

/**
 * A WebSocket does not tell a page why it was refused, so the page asks by HTTP: again and again, since a server that is
 * away now may refuse the page when it is back.
 */
function askWhy() {
  const ask = async () => {
    /** @type {typeof import('./reach.mjs')} */
    const { whyRefused } = await import('./reach.mjs');
    const answer = await whyRefused();
    if (asking === undefined) return; // the page is in
    why = answer;
    showLink(shownLink);
  };
  ask().catch(console.warn); // a server that is away answers nothing
}

/** Gives the address of the server's WebSocket. */
export function socketAddress() {
  const url = new URL('ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  return url.href;
}

/**
 * Makes the client (`createOnair` of onair.mjs or onair_watch.mjs) and returns it with the options of every client: {onair, options}. If
 * that fails, shows why on the page and returns undefined.
 * @template {Pick<Onair, 'roomOfQuery'>} Side what the page's client can do
 * @param {() => Promise<Side>} createOnair
 * @param {HTMLVideoElement} video
 */
export async function openRoom(createOnair, video) {
  if ('old' in document.documentElement.dataset) {
    element('old').hidden = true; // which speaks where not even modules load
    document.documentElement.dataset.refused = ''; // a frame hides other notices
    onLanguage(() => say('notice', text('tooOld')));
    return undefined;
  }
  const owned = ownTab();
  // The socket opens while the client is compiled; neither waits for the texts.
  const loading = load(() => createOnair(), () => showLink('unreachable'));
  const url = socketAddress();
  const socket = new WebSocket(url);
  holdBackUntilOpen(socket);
  const onair = await loading;
  const { room, error } = onair.roomOfQuery(location.search);
  if (error !== undefined) {
    socket.close();
    document.documentElement.dataset.refused = ''; // a frame hides other notices
    onLanguage(() => say('notice', text('badRoom', { why: error })));
    cameUp();
    return undefined;
  }
  element('room').textContent = room;
  // After localStorage.setItem('onair-trace', '') in the console, the next load prints every step.
  const trace = lasting.read('onair-trace') !== null;
  const kept = memory(room, await owned);
  return { onair, options: { url, socket, room, video, trace, entryToken: entryToken(room), ...kept } };
}

/**
 * Gives the entry token of the link (`#token=…`; a fragment never reaches a server's log), or the stored one. Removes
 * it from the address bar, so that nobody shares it by accident.
 * @param {string} room
 */
function entryToken(room) {
  const name = `${tokenPrefix}${location.pathname} ${room}`;
  const given = tokenOfAddress();
  if (given) ofTab.write(name, given);
  return given ?? ofTab.read(name);
}

const tokenPrefix = 'onair-token ';

/** Takes the entry token out of the address; null without one. */
export function tokenOfAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) history.replaceState(null, '', location.pathname + location.search);
  return given;
}

/** The entry tokens that pages of this tab were opened with. */
export const tokensOfTab = () =>
  ofTab
    .names()
    .filter((name) => name.startsWith(tokenPrefix))
    .map((name) => String(ofTab.read(name)));

/** True if this page was reloaded, and not opened anew or as a copy of another tab. */
function isReload() {
  const [opening] = performance.getEntriesByType?.('navigation') ?? [];
  return /** @type {PerformanceNavigationTiming | undefined} */ (opening)?.type === 'reload';
}

/**
 * Claims what the tab keeps for this page. False if it belongs to another page: a browser copies it when the person
 * duplicates a tab, and a reload of the copy must not take the room from the original. A page holds the lock of its
 * number until it closes. It waits for a moment, since the page before the reload may not be quite gone.
 */
async function ownTab() {
  const name = 'onair-tab';
  const number = isReload() ? ofTab.read(name) : null;
  if (number !== null && (await holdLock(`${name} ${number}`))) return true;
  const fresh = crypto.getRandomValues(new Uint32Array(4)).join('-');
  ofTab.write(name, fresh);
  holdLock(`${name} ${fresh}`).catch(reportError);
  return false;
}

/**
 * Holds a lock for as long as the page lives. True also where the browser has no locks, as on pages that are not
 * secure: then a copy is known only by not being a reload.
 * @param {string} name
 * @returns {Promise<boolean>}
 */
const holdLock = (name) =>
  new Promise((resolve) => {
    if (!navigator.locks) return resolve(true);
    const timeout = new AbortController();
    setTimeout(() => timeout.abort(), 1000);
    /** @type {Promise<never>} */
    const untilThePageCloses = new Promise(() => {});
    const hold = () => {
      resolve(true);
      return untilThePageCloses;
    };
    navigator.locks
      .request(name, { signal: timeout.signal }, hold)
      // A sandboxed frame has no locks either, but no storage that could be copied.
      .catch((error) => resolve(error.name !== 'AbortError'));
  });

/**
 * Stores the resume token for a reload. A page opened anew, or as a copy of another tab, is a new peer: it gets no
 * token, and a copy of one is removed.
 * @param {string} room
 * @param {boolean} owned the tab's storage is this page's own
 */
function memory(room, owned) {
  const name = `onair ${location.pathname} ${room}`;
  if (!owned) ofTab.remove(name);
  return {
    token: ofTab.read(name),
    /** @param {string} token */
    remember: (token) => ofTab.write(name, token),
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
  cameUp();
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
