// What all pages share: words in the person's language, the client, the room.

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

/** The words of a key such as `seat.request`, with values in the place of `{name}`; none before they are loaded. */
export function text(key, values = {}) {
  if (!table) return '';
  const words = key.split('.').reduce((found, part) => found[part], table);
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Elements with `data-text`, `data-label` (for screen readers) or `data-hint` get their words here. */
export function fillIn() {
  for (const each of document.querySelectorAll('[data-text]')) {
    const words = text(each.dataset.text);
    if (each.textContent !== words) each.textContent = words; // else it need not be painted again
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

// After what the page itself begins at once, such as opening the socket. The pages themselves are in English.
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

/** Shows the button that changes the language. To find glyphs for its one word takes a browser some milliseconds. */
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

/** Calls `listener` when there are words, and again whenever they are of another language. */
export async function onLanguage(listener) {
  await spoken;
  listeners.push(listener);
  listener();
}

/** Why the server keeps us out, in words. A newer server may know more reasons than these tables. */
export const refusal = (code) => (code in (table?.refusal ?? {}) ? text(`refusal.${code}`) : text('link.refused'));

/**
 * Two ways to ask for `draw`, however often: `soon` before the next frame, and `later` for what people would see flash
 * by, or what must not hold up the network; it takes 200 ms where nothing is drawn sooner.
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
    // A page that is not seen has no frames.
    if (document.hidden) setTimeout(now);
    else requestAnimationFrame(now);
  };
  const later = () => {
    timer ??= setTimeout(soon, 200);
  };
  return { soon, later };
}

/** Puts words into an element, which hides while it has none. */
export function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words;
  element(id).hidden = words === '';
}

/** How things stand with the server; on a small screen only where they don't stand well. */
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
 */
export async function openRoom(createOnair, video) {
  if (typeof WebAssembly !== 'object' || typeof RTCPeerConnection !== 'function') {
    onLanguage(() => say('notice', text('tooOld')));
    return undefined;
  }
  // The socket opens while the client is compiled, and neither waits for the words.
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
  // In the console, localStorage.setItem('onair-trace', '') shows every step from the next load on.
  const trace = localStorage.getItem('onair-trace') !== null;
  return { onair, options: { url, socket, room, video, trace, entryToken: entryToken(room), ...memory(room) } };
}

/**
 * The token that lets one in, where the link brought one (`#token=…`; a fragment never reaches a server's log).
 * It goes out of the address bar, so that nobody passes it on by chance.
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
 */
function memory(room) {
  const name = `onair ${location.pathname} ${room}`;
  const [{ type }] = performance.getEntriesByType('navigation');
  return {
    token: type === 'reload' ? sessionStorage.getItem(name) : null,
    remember: (token) => sessionStorage.setItem(name, token),
  };
}

/** The first layout takes as long as the client's start, and better comes while that waits for the server's answer. */
function holdBackUntilOpen(socket) {
  document.documentElement.dataset.starting = '';
  const show = () => delete document.documentElement.dataset.starting;
  socket.addEventListener('open', show);
  setTimeout(show, 100);
}

/** Starts the client, and lets it say good-bye when the page goes away. */
export function begin(client) {
  addEventListener('pagehide', () => client.leave());
  // Another link to the same room was opened in this tab.
  addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload());
  // A page that the browser kept and shows again has said good-bye: it must enter anew.
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
