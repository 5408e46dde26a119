// Binds the studio's buttons to the client and shows its state.

import { Chat } from './chat.mjs';
import { LevelMeter } from './meter.mjs';
import createOnair from './onair.mjs';
import { begin, element, megabits, offerLanguages, onLanguage, oncePerFrame, openRoom, percent, refusal, say, showLink, text } from './page.mjs';
import { Recorder, unsavedRecordings } from './recorder.mjs';

const video = element('local-video');
const meter = new LevelMeter(element('level'));
const covers = { idle: 'cover', starting: 'starting', preview: 'preview' };
let client;
let recorder;
let view;

function showStage() {
  const { stage } = view;
  const onAir = stage === 'on_air';
  document.documentElement.dataset.stage = stage;
  document.title = text(onAir ? 'page.onAir' : 'page.talk');
  element('badge').hidden = !onAir;
  const words = onAir ? '' : text(`studio.${covers[stage]}`);
  if (view.refusal) say('cover', refusal(view.refusal));
  else say('cover', stage === 'idle' ? `${words}\n${text('studio.coverHint')}` : words);
  element('cover').classList.toggle('low', stage === 'preview');
  element('stop-video').disabled = stage === 'idle';
  element('preview').disabled = onAir;
  element('on-air').classList.toggle('primary', stage === 'preview');
  element('stop-video').classList.toggle('strong', onAir);
  element('start-video').classList.toggle('primary', stage === 'idle');
  element('record').disabled = !onAir && !recorder.running;
  element('silent').hidden = view.microphoneOn;
  element('unseen').hidden = view.cameraOn || view.sharesScreen;
  element('microphone').setAttribute('aria-pressed', view.microphoneOn);
  element('camera').setAttribute('aria-pressed', view.cameraOn);
  element('camera').disabled = view.sharesScreen;
}

function showClock() {
  if (view?.onAirSince == null) return;
  const seconds = Math.max(0, Math.floor((performance.now() - view.onAirSince) / 1000));
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  element('clock').textContent = `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function showViewer(item, viewer) {
  const [who, state, facts, mute, remove] = item.children;
  const name = viewer.name || text('studio.viewer', { n: viewer.number });
  who.textContent = name;
  item.dataset.state = viewer.state;
  state.textContent = text(`studio.states.${viewer.state}`);
  facts.textContent = [
    viewer.bitsPerSecond > 0 && megabits(viewer.bitsPerSecond),
    viewer.roundTrip !== null && text('seat.milliseconds', { n: Math.round(viewer.roundTrip) }),
    viewer.loss !== null && percent(viewer.loss),
  ]
    .filter(Boolean)
    .join(' · ');
  mute.textContent = text(viewer.muted ? 'studio.unmute' : 'studio.mute');
  mute.setAttribute('aria-label', text(viewer.muted ? 'studio.unmuteName' : 'studio.muteName', { name }));
  mute.onclick = () => client.mute(viewer.id, !viewer.muted);
  remove.textContent = text('studio.remove');
  remove.setAttribute('aria-label', text('studio.removeName', { name }));
  remove.onclick = () => confirm(text('studio.removeSure', { name })) && client.removeViewer(viewer.id);
}

function showAudience() {
  element('viewers').textContent = view.viewers;
  element('viewers').title = text('studio.capacity', { n: view.capacity });
  element('watching').textContent = view.watching;
  element('uplink').textContent = view.viewers ? megabits(view.uplinkBps) : '–';
  element('nobody').hidden = view.audience.length > 0;
  const list = element('audience');
  const items = new Map([...list.children].map((item) => [item.dataset.viewer, item]));
  for (const viewer of view.audience) {
    let item = items.get(viewer.id);
    items.delete(viewer.id);
    if (!item) {
      item = document.createElement('li');
      item.dataset.viewer = viewer.id;
      item.append(...['strong', 'span', 'span', 'button', 'button'].map((tag) => document.createElement(tag)));
      for (const button of item.querySelectorAll('button')) {
        button.type = 'button';
        button.className = 'small';
      }
      list.append(item);
    }
    showViewer(item, viewer);
  }
  for (const gone of items.values()) gone.remove();
}

function showChoices(id, choices, chosen) {
  const select = element(id);
  const wanted = JSON.stringify([choices, chosen]);
  if (select.dataset.shown === wanted) return;
  select.dataset.shown = wanted;
  select.replaceChildren(...choices.map(([value, words]) => new Option(words, value, false, value === chosen)));
}

function showDevices() {
  for (const kind of ['camera', 'microphone']) {
    const devices = view.devices.filter((device) => device.kind === kind && device.id !== '');
    const named = devices.map(({ id, label }, i) => [
      id,
      label || text('studio.device', { kind: text(`studio.${kind}`), number: i + 1 }),
    ]);
    const any = ['', text(kind === 'camera' ? 'studio.anyCamera' : 'studio.anyMicrophone')];
    const known = devices.some(({ id }) => id === view.choice[kind]);
    showChoices(`${kind}-device`, [any, ...named], known ? view.choice[kind] : '');
  }
  const sizes = ['small', 'standard', 'large'].map((size) => [size, text(`studio.sizes.${size}`)]);
  showChoices('size', sizes, view.choice.size);
}

let awake;
/** Keeps the screen on while on air. The browser releases the lock when the page is hidden. */
async function stayAwake() {
  const onAir = view?.stage === 'on_air';
  if (!onAir || document.hidden) {
    await awake?.release();
    awake = undefined;
  } else if (awake === undefined || awake.released) {
    awake = await navigator.wakeLock?.request('screen').catch(() => undefined);
  }
}

/** Shows whether the client is in the room, and whether the room is locked. */
function showRoom() {
  const { link, locked } = view;
  const kept = view.refusal !== '';
  element('elsewhere').hidden = !kept;
  for (const id of ['start-video', 'start-screen', 'on-air']) element(id).disabled = kept;
  if (kept) element('preview').disabled = true;
  element('lock').disabled = element('end-room').disabled = link !== 'joined';
  element('lock').setAttribute('aria-pressed', locked);
  element('lock').textContent = text(locked ? 'studio.unlockRoom' : 'studio.lockRoom');
  element('locked').textContent = locked ? text('studio.locked') : '';
}

function showRecording() {
  element('recording').hidden = !recorder.running;
  element('record').textContent = text(recorder.running ? 'studio.stopRecording' : 'studio.record');
}

function render() {
  if (!view) return;
  showLink(view.link);
  say('notice', text(`notice.${view.notice}`));
  showStage();
  showClock();
  showAudience();
  showRoom();
  showDevices();
  showRecording();
}

const rendering = oncePerFrame(render);

/** Gives the view without the viewers, which change often. */
function ofOurselves({ audience, viewers, connecting, watching, uplinkBps, ...ours }) {
  return JSON.stringify(ours);
}

let shownOfOurselves;

function changed(next) {
  const wasOnAir = view?.stage === 'on_air';
  view = next;
  const ours = ofOurselves(view);
  if (ours === shownOfOurselves) rendering.later();
  else rendering.soon();
  shownOfOurselves = ours;
  if (wasOnAir !== (view.stage === 'on_air')) stayAwake();
  if (view.stage === 'idle' && recorder.running) recorder.stop().then(render);
  if (view.stage === 'idle') meter.watch(null);
}

function bind(id, action) {
  element(id).disabled = false;
  element(id).addEventListener('click', action);
}

function bindDevices() {
  const remembered = JSON.parse(localStorage.getItem('onair-devices') ?? 'null');
  if (remembered) client.choose(remembered);
  element('settings').addEventListener('change', () => {
    const choice = {
      camera: element('camera-device').value,
      microphone: element('microphone-device').value,
      size: element('size').value,
    };
    localStorage.setItem('onair-devices', JSON.stringify(choice));
    client.choose(choice);
  });
}

function bindInvitation() {
  const link = element('watch-link');
  link.href = new URL(`watch.html${location.search}`, location.href);
  link.textContent = link.href;
  bind('copy', async () => {
    try {
      await navigator.clipboard.writeText(link.href);
      element('shared').textContent = text('studio.copied');
    } catch {
      getSelection().selectAllChildren(link);
      element('shared').textContent = text('studio.copyByHand');
    }
  });
  if (navigator.share) {
    element('share').hidden = false;
    bind('share', () => navigator.share({ title: 'onair', url: link.href }).catch(() => {}));
  }
  bind('show-qr', () => {
    const qr = element('qr');
    qr.hidden = !qr.hidden;
    qr.src ||= `qr.svg?${encodeURIComponent(link.href)}`;
    element('show-qr').setAttribute('aria-expanded', !qr.hidden);
  });
  onLanguage(() => {
    element('qr').alt = text('studio.qrOf');
  });
}

async function offerUnsaved() {
  const unsaved = await unsavedRecordings();
  if (!unsaved) return;
  onLanguage(() => {
    const when = new Date(unsaved.recordings[0].started).toLocaleString(document.documentElement.lang);
    element('unsaved-text').textContent = text('studio.unsaved', { when });
  });
  element('unsaved').hidden = false;
  const settle = (act) => async () => {
    element('unsaved').hidden = true;
    await act();
  };
  element('save-unsaved').addEventListener('click', settle(unsaved.save));
  element('discard-unsaved').addEventListener('click', settle(unsaved.discard));
}

function bindRecording() {
  if (!Recorder.supported) return;
  element('record').addEventListener('click', async () => {
    if (recorder.running) await recorder.stop();
    else await recorder.start(video.srcObject);
    render();
  });
  offerUnsaved();
}

offerLanguages();
const opened = await openRoom(createOnair, video);
if (opened) {
  const { onair, options } = opened;
  recorder = new Recorder(options.room);
  const chat = new Chat({
    say: (name, words) => client.say(name, words),
    talker: { remove: (id) => client.removeChatLine(id), mute: (viewer) => client.mute(viewer, true) },
  });
  client = new onair.TalkClient({ ...options, changed, text: () => {}, chat: (event) => chat.handle(event) });
  view = client.view();
  begin(client);
  bind('preview', () => client.preview());
  bind('start-video', () => client.startVideo());
  bind('start-screen', () => client.startScreen());
  bind('on-air', () => client.onAir());
  bind('stop-video', () => client.stopVideo());
  bind('microphone', () => client.switchMicrophone(!view.microphoneOn));
  bind('camera', () => client.switchCamera(!view.cameraOn));
  bind('lock', () => client.lockRoom(!view.locked));
  bind('end-room', () => confirm(text('studio.endRoomSure')) && client.endRoom());
  element('watch-instead').href = `watch.html${location.search}`;
  bindDevices();
  bindInvitation();
  bindRecording();
  video.addEventListener('loadedmetadata', () => {
    meter.watch(video.srcObject);
    if (recorder.running) recorder.follow(video.srcObject).then(render);
  });
  document.addEventListener('visibilitychange', stayAwake);
  addEventListener('beforeunload', (event) => view.stage === 'on_air' && event.preventDefault());
  setInterval(showClock, 1000);
  onLanguage(render);
}
