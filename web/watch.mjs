// Binds the viewer's controls to the client and shows its state.

import createOnair from './onair_watch.mjs';
import { begin, element, fillIn, load, megabits, offerLanguages, onLanguage, oncePerFrame, openRoom, percent, refusal, say, showLink, text } from './page.mjs';

const video = element('remote-video');
const stage = element('stage');
// `watch.html?ROOM&embed`: shows only the picture, for the frame of another page. What comes first is always a name.
const embedded = location.search.slice(1).split('&').slice(1).includes('embed');
document.documentElement.classList.toggle('embed', embedded);

/** @typedef {import('./onair.mjs').WatchView} View */
/** @type {import('./onair.mjs').WatchClient} */
let client;
/** @type {import('./chat.mjs').Chat | undefined} */
let chat;
/** @type {import('./player.mjs').Player | undefined} */
let player;
/** @type {import('./crossfade.mjs').Crossfades | undefined} */
let crossfades;
/** @type {View} */
let view;

/** Lists the picture and those of further talkers. */
const pictures = () => [...stage.querySelectorAll('video')];

/** @param {import('./onair.mjs').Reception} reception */
function details({ quality, latency, bitsPerSecond, loss, width, height, framesPerSecond, codec, relayed }) {
  return {
    quality: text(`viewer.quality.${quality}`),
    latency: latency === null ? text('viewer.unknown') : text('viewer.milliseconds', { n: Math.round(latency) }),
    bitrate: megabits(bitsPerSecond),
    loss: percent(loss),
    size: text('viewer.size', { width, height, fps: Math.round(framesPerSecond) }),
    codec: codec.replace('video/', '') || text('viewer.unknown'),
    way: text(view.forwarded ? 'viewer.forwarded' : relayed ? 'viewer.relayed' : 'viewer.direct'),
  };
}

/** @param {boolean} shown */
function showDetails(shown) {
  element('details').hidden = !shown;
  element('signal').setAttribute('aria-expanded', String(shown));
}

function showReception() {
  const { reception } = view;
  const signal = element('signal');
  signal.hidden = reception === null;
  if (reception === null) showDetails(false);
  if (reception === null) return;
  const known = details(reception);
  signal.dataset.quality = reception.quality;
  signal.textContent = reception.latency === null ? known.quality : `${known.quality} · ${known.latency}`;
  signal.title = text('viewer.detailsHint');
  if (element('details').hidden) return;
  const names = /** @type {(keyof typeof known)[]} */ (Object.keys(known));
  element('detail-list').replaceChildren(
    ...names.map((name) => {
      const row = document.createElement('div');
      const [what, value] = [document.createElement('dt'), document.createElement('dd')];
      what.textContent = text(`viewer.facts.${name}`);
      value.textContent = known[name];
      row.append(what, value);
      return row;
    }),
  );
}

function render() {
  if (!view) return;
  showLink(view.link);
  const sent = view.picture === 'live' ? [text(`sent.picture.${view.pictureSent}`), text(`sent.sound.${view.soundSent}`)] : [];
  const late = frameIsLate && view.picture === 'live' ? text('viewer.noFrame') : '';
  const words = [text(`notice.${view.notice}`), ...sent, late].filter(Boolean).join(' ');
  say('notice', words);
  const over = view.refusal ? refusal(view.refusal) : text(`picture.${view.picture}`);
  // In the frame of another page there is the picture alone: what is beside it elsewhere stands on it.
  say('cover', over || (embedded ? words : ''));
  element('cover').classList.toggle('low', embedded && over === '');
  element('request').disabled = view.refusal !== '';
  document.documentElement.dataset.picture = view.picture;
  element('badge').hidden = view.picture !== 'live' || !moves();
  showTap();
  showReception();
  player?.show(view.picture === 'live' || view.picture === 'reconnecting');
  chat?.allow(view.chatOpen, view.chatMuted);
  chat?.call(view.name);
}

const rendering = oncePerFrame(render);

/** @param {View} next */
function changed(next) {
  view = next;
  // States before the picture usually change too fast to read.
  const onTheWay = view.refusal === '' && ['waiting', 'requesting', 'connecting'].includes(view.picture);
  if (onTheWay) rendering.later();
  else rendering.soon();
}

/** False while the <video> is black or stands still, whatever arrives: then it is not shown as live. */
const moves = () => !video.paused && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;

const frameTimeout = 5000; // ms
let frameIsLate = false;
/** @type {number | undefined} */
let frameTimer;

function endAwaitFrame() {
  clearTimeout(frameTimer);
  frameIsLate = false;
}

/** The wait for a stream's first frame may be long, so it is said. The sound of the stream waits with it. */
function awaitFrame() {
  endAwaitFrame();
  frameTimer = setTimeout(() => {
    frameIsLate = true;
    rendering.soon();
  }, frameTimeout);
}

/** @typedef {'nothing' | 'sound' | 'playing'} Blocked what the browser does not do before the person touches the page */
/** @type {Blocked} */
let blocked = 'nothing';

function showTap() {
  const tap = element('unmute');
  tap.hidden = blocked === 'nothing' || pictures().every(({ srcObject }) => srcObject === null);
  tap.textContent = text(blocked === 'playing' ? 'viewer.tapToPlay' : 'viewer.unmute');
}

/** @param {Blocked} next */
function setBlocked(next) {
  blocked = next;
  showTap();
  rendering.soon();
}

/**
 * Plays a picture. If the browser blocks sound before a touch, plays it muted and offers the sound; if it blocks even
 * that (an iPhone in Low Power Mode, Firefox that blocks audio and video), asks for a tap. Any other failure means that
 * a new stream or a pause interrupted it.
 * @param {HTMLVideoElement} picture
 */
function play(picture) {
  picture.play().catch((error) => {
    if (error.name !== 'NotAllowedError') return;
    if (picture.muted) return setBlocked('playing');
    for (const each of pictures()) each.muted = true;
    if (blocked === 'nothing') setBlocked('sound');
    play(picture);
  });
}

/** The picture plays by another control than ours, so at most the sound is missing. */
function unblocked() {
  if (blocked === 'playing' && !video.paused) setBlocked(video.muted ? 'sound' : 'nothing');
}

/** The sound is on by another control than ours, as an iPhone has one in full screen. */
function heard() {
  if (blocked !== 'sound' || video.muted) return;
  for (const picture of pictures()) picture.muted = false;
  setBlocked('nothing');
}

/** The person has touched the page, so the browser allows everything. */
function tapped() {
  setBlocked('nothing');
  for (const picture of pictures()) picture.muted = false;
  stop(false);
}

/** True from when the person stops the picture, by any control, until they press play. No new stream plays then. */
let stopped = false;
let stoppedAt = -Infinity; // by the browser's own control
/** @type {MediaProvider | null} */
let played = null;

/** @param {boolean} next */
function stop(next) {
  stopped = next;
  video.autoplay = !next;
  for (const picture of pictures()) {
    if (stopped) picture.pause();
    else if (picture.paused && picture.srcObject) play(picture);
  }
}

/** The person paused by the browser's own control, unless the browser did: at the end of a stream, in the background. */
function paused() {
  const ended = !(played instanceof MediaStream) || !played.active || played !== video.srcObject;
  if (stopped || ended || document.hidden || !video.paused) return;
  stoppedAt = performance.now();
  stop(true);
}

/** A browser may have paused the pictures of a page in the background, as iOS does. */
function playAgain() {
  if (document.hidden && performance.now() - stoppedAt < 500) stop(false); // it did so a moment before
  if (document.hidden || stopped) return;
  for (const picture of pictures()) if (picture.paused && picture.srcObject) play(picture);
}

/**
 * Shows the picture of a further talker; null removes it.
 * @param {string} id
 * @param {MediaStream | null} stream
 */
function tile(id, stream) {
  const known = pictures().find((picture) => picture.dataset.talker === id);
  known?.remove();
  if (stream) {
    const picture = document.createElement('video');
    picture.dataset.talker = id;
    picture.playsInline = true;
    picture.muted = video.muted;
    picture.volume = video.volume;
    picture.setAttribute('aria-label', text('viewer.picture'));
    picture.srcObject = stream;
    picture.addEventListener('loadedmetadata', () => stopped || play(picture));
    video.after(picture);
  }
  const columns = Math.ceil(Math.sqrt(pictures().length));
  stage.style.setProperty('--columns', String(columns));
  stage.style.setProperty('--rows', String(Math.ceil(pictures().length / columns)));
}

/** @type {import('./onair.mjs').ChatEvent[]} */
const chatEvents = []; // received before the chat was loaded
const mostChatEvents = 500;
async function openChat() {
  /** @type {typeof import('./chat.mjs')} */
  const { Chat } = await load((query) => import(`./chat.mjs${query}`));
  const template = element('chat-template');
  template.replaceWith(template.content);
  fillIn();
  chat = new Chat({ say: (name, words) => client.say(name, words) });
  for (const event of chatEvents.splice(0)) chat.handle(event);
}

async function openPlayer() {
  /** @type {typeof import('./player.mjs')} */
  const { Player } = await load((query) => import(`./player.mjs${query}`));
  const made = new Player({ stage, pictures, stop, unmuted: () => blocked === 'sound' && setBlocked('nothing') });
  player = made;
  // System controls: media keys of a keyboard or a headset, the picture-in-picture window.
  navigator.mediaSession?.setActionHandler('pause', () => stop(true));
  navigator.mediaSession?.setActionHandler('play', () => stop(false));
  element('signal').addEventListener('click', () => {
    showDetails(element('details').hidden);
    render();
  });
  /** @type {typeof import('./rest.mjs')} */
  const { Rest } = await load((query) => import(`./rest.mjs${query}`));
  new Rest({ stage, bar: element('player'), needed: () => made.needed });
}

/** Loads the parts that must not delay the picture. A form would even make browsers lay the page out early. */
async function openTheRest() {
  offerLanguages();
  await Promise.all([openPlayer(), embedded || openChat()]);
  render();
  /** @type {typeof import('./crossfade.mjs')} */
  const { Crossfades } = await load((query) => import(`./crossfade.mjs${query}`));
  crossfades = new Crossfades(pictures);
}

const opened = await openRoom(createOnair, video);
if (opened) {
  const { onair, options } = opened;
  client = new onair.WatchClient({
    ...options,
    changed,
    tile,
    crossfade: (shown, sound) => crossfades?.begin(shown, sound) ?? false,
    chat: (event) => {
      if (chat) chat.handle(event);
      else if (!embedded) chatEvents.push(event);
      if (chatEvents.length > mostChatEvents) chatEvents.shift();
    },
  });
  view = client.view();
  video.addEventListener('loadedmetadata', () => stopped || play(video));
  video.addEventListener('playing', () => (played = video.srcObject));
  video.addEventListener('playing', unblocked);
  video.addEventListener('volumechange', heard);
  video.addEventListener('pause', paused);
  video.addEventListener('play', () => stopped && !video.paused && stop(false));
  video.addEventListener('loadstart', awaitFrame);
  for (const event of ['loadeddata', 'emptied']) video.addEventListener(event, endAwaitFrame);
  for (const event of ['playing', 'pause', 'waiting', 'loadeddata', 'emptied']) video.addEventListener(event, rendering.soon);
  element('unmute').addEventListener('click', tapped);
  document.addEventListener('visibilitychange', playAgain);
  begin(client);
  element('request').disabled = false;
  element('request').addEventListener('click', () => client.request());
  onLanguage(() => changed(view));
  let begun = false;
  const soon = () => {
    if (!begun) openTheRest().catch(reportError);
    begun = true;
  };
  video.addEventListener('playing', soon, { once: true });
  setTimeout(soon, 3000);
}
