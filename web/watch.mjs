// Binds the viewer's controls to the client and shows its state.

import { begin, element, megabits, onLanguage, openRoom, percent, refusal, say, showLink, text } from './page.mjs';

const video = element('remote-video');
const stage = element('stage');
// `watch.html?ROOM&embed`: the picture alone, for the frame of another page
const embedded = location.search.slice(1).split('&').includes('embed');
document.documentElement.classList.toggle('embed', embedded);

let client;
let chat;
let view;

/** The picture and, where several talk, the others' beside it. */
const pictures = () => [...stage.querySelectorAll('video')];

function details({ quality, latency, bitsPerSecond, loss, width, height, framesPerSecond, codec, relayed }) {
  return {
    quality: text(`seat.quality.${quality}`),
    latency: latency === null ? text('seat.unknown') : text('seat.milliseconds', { n: Math.round(latency) }),
    bitrate: megabits(bitsPerSecond),
    loss: percent(loss),
    size: text('seat.size', { width, height, fps: Math.round(framesPerSecond) }),
    codec: codec.replace('video/', '') || text('seat.unknown'),
    way: text(relayed ? 'seat.relayed' : 'seat.direct'),
  };
}

function showDetails(shown) {
  element('details').hidden = !shown;
  element('signal').setAttribute('aria-expanded', shown);
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
  signal.title = text('seat.detailsHint');
  if (element('details').hidden) return;
  const list = element('detail-list');
  list.replaceChildren(
    ...Object.entries(known).map(([name, value]) => {
      const row = document.createElement('div');
      row.append(document.createElement('dt'), document.createElement('dd'));
      row.firstChild.textContent = text(`seat.facts.${name}`);
      row.lastChild.textContent = value;
      return row;
    }),
  );
}

function showIcon(id, [icon, label]) {
  element(id).dataset.icon = icon;
  element(id).setAttribute('aria-label', text(label));
  element(id).title = text(label);
}

function showPlayer() {
  // Not before there is a picture, whose first frame comes sooner without something more to paint.
  const painted = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  const shown = painted && (view.picture === 'live' || view.picture === 'reconnecting');
  element('player').hidden = !shown;
  if (!shown) return;
  showIcon('pause', video.paused ? ['play', 'seat.play'] : ['pause', 'seat.pause']);
  showIcon('mute', video.muted ? ['silence', 'seat.unmuteShort'] : ['sound', 'seat.mute']);
  element('volume').value = video.muted ? 0 : video.volume;
}

function render() {
  if (!view) return;
  showLink(view.link);
  say('notice', text(`notice.${view.notice}`));
  say('cover', view.refusal ? refusal(view.refusal) : text(`picture.${view.picture}`));
  element('request').disabled = view.refusal !== '';
  document.documentElement.dataset.picture = view.picture;
  element('badge').hidden = view.picture !== 'live';
  showReception();
  showPlayer();
  chat?.allow(view.chatOpen, view.chatMuted);
  chat?.call(view.name);
}

function changed(next) {
  view = next;
  render();
}

/** Browsers may forbid sound before a touch: then the picture plays without, and offers it. */
async function play(picture) {
  try {
    await picture.play();
  } catch (error) {
    if (error.name !== 'NotAllowedError') return;
    setMuted(true);
    element('unmute').hidden = false;
    await picture.play().catch(() => {});
  }
}

function setVolume(volume) {
  for (const picture of pictures()) picture.volume = volume;
}

function setMuted(muted) {
  for (const picture of pictures()) picture.muted = muted;
  if (!muted && video.volume === 0) setVolume(1);
  if (!muted) element('unmute').hidden = true;
}

/** Goes on with what is sent now, since a broadcast is live. */
function togglePause() {
  const paused = video.paused;
  for (const picture of pictures()) paused ? play(picture) : picture.pause();
}

/** The picture of a further talker; with null it is over. */
function tile(id, stream) {
  const known = pictures().find((picture) => picture.dataset.talker === id);
  known?.remove();
  if (stream) {
    const picture = document.createElement('video');
    picture.dataset.talker = id;
    picture.playsInline = true;
    picture.muted = video.muted;
    picture.volume = video.volume;
    picture.setAttribute('aria-label', text('seat.picture'));
    picture.srcObject = stream;
    picture.addEventListener('loadedmetadata', () => play(picture));
    video.after(picture);
  }
  const columns = Math.ceil(Math.sqrt(pictures().length));
  stage.style.setProperty('--columns', columns);
  stage.style.setProperty('--rows', Math.ceil(pictures().length / columns));
}

async function toggleFullscreen() {
  if (document.fullscreenElement) return document.exitFullscreen();
  // An iPhone lets only the picture itself fill its screen.
  return stage.requestFullscreen ? stage.requestFullscreen() : video.webkitEnterFullscreen();
}

async function togglePictureInPicture() {
  if (document.pictureInPictureElement) return document.exitPictureInPicture();
  return video.requestPictureInPicture();
}

const keys = {
  ' ': togglePause,
  m: () => setMuted(!video.muted),
  f: toggleFullscreen,
};

function bindPlayer() {
  const press = (id, act) => element(id).addEventListener('click', () => Promise.resolve(act()).catch(() => {}));
  press('pause', togglePause);
  press('mute', () => setMuted(!video.muted));
  press('unmute', () => setMuted(false));
  press('fullscreen', toggleFullscreen);
  press('pip', togglePictureInPicture);
  press('signal', () => {
    showDetails(element('details').hidden);
    render();
  });
  element('fullscreen').hidden = !stage.requestFullscreen && !video.webkitEnterFullscreen;
  element('pip').hidden = !document.pictureInPictureEnabled;
  element('volume').addEventListener('input', ({ target }) => {
    setVolume(target.value);
    setMuted(video.volume === 0);
  });
  for (const event of ['play', 'playing', 'pause', 'volumechange']) video.addEventListener(event, showPlayer);
  document.addEventListener('keydown', (event) => {
    const act = keys[event.key.toLowerCase()];
    const busy = event.target.closest('input, button, select, textarea, a, summary');
    if (!act || (busy && (event.key === ' ' || busy.matches('input, textarea, select')))) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    Promise.resolve(act()).catch(() => {});
  });
}

const chatEvents = []; // that came before it was there
/** After the picture, which it must not delay. */
async function openChat() {
  const { Chat } = await import('./chat.mjs');
  chat = new Chat({ say: (name, words) => client.say(name, words) });
  element('chat-panel').hidden = false;
  for (const event of chatEvents.splice(0)) chat.handle(event);
  render();
}

const opened = await openRoom(video);
if (opened) {
  const { onair, options } = opened;
  client = new onair.WatchClient({
    ...options,
    changed,
    tile,
    text: () => {},
    chat: (event) => {
      if (chat) chat.handle(event);
      else if (!embedded) chatEvents.push(event);
    },
  });
  view = client.view();
  video.addEventListener('loadedmetadata', () => play(video));
  begin(client);
  bindPlayer();
  element('request').disabled = false;
  element('request').addEventListener('click', () => client.request());
  onLanguage(render);
  for (const each of element('chat-form').elements) each.disabled = true;
  if (!embedded) {
    let begun = false;
    const soon = () => {
      if (!begun) openChat();
      begun = true;
    };
    video.addEventListener('playing', soon, { once: true });
    setTimeout(soon, 3000);
  }
}
