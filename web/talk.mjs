// Binds the studio's buttons to the client and shows its state.

import { Audience } from './audience.mjs';
import { Chat } from './chat.mjs';
import { LevelMeter } from './meter.mjs';
import createOnair from './onair.mjs';
import { begin, element, lasting, megabits, offerLanguages, onLanguage, oncePerFrame, openRoom, refusal, say, showLink, text } from './page.mjs';
import { Recorder } from './recorder.mjs';

/** By which a computer calls itself. */
const ownNames = ['localhost', '127.0.0.1', '[::1]'];

const video = element('local-video');
const meter = new LevelMeter(element('level'));
const covers = /** @type {const} */ ({ idle: 'cover', starting: 'starting', preview: 'preview' });
/** @typedef {import('./onair.mjs').TalkView} View */
/** @type {import('./onair.mjs').TalkClient} */
let client;
/** @type {Recorder} */
let recorder;
/** @type {View} */
let view;
const viewers = new Audience({
  mute: (viewer, muted) => client.mute(viewer, muted),
  remove: (viewer) => client.removeViewer(viewer),
});

/** The stream of camera or screen, as in the preview. */
const shownStream = () => (video.srcObject instanceof MediaStream ? video.srcObject : null);

/**
 * The states in which a device was wanted and is not there.
 * @type {View['microphone'][]}
 */
const absent = ['missing', 'busy', 'refused', 'failed', 'lost'];

/**
 * True for a device that is not sent.
 * @param {View['microphone']} state
 */
const isAbsent = (state) => absent.includes(state) || (view.stage === 'on_air' && state === 'starting');

/** As the toggles show it. */
const isMicrophoneOn = () => view.microphoneOn && !isAbsent(view.microphone);
const isCameraOn = () => view.cameraOn && !view.sharesScreen && !isAbsent(view.picture);

/** False for phones. A page that is not secure has no devices at all, and the button says so. */
const sharesScreens = () => !navigator.mediaDevices || 'getDisplayMedia' in navigator.mediaDevices;

/** The one button that leads on from each stage. On Air is one after a preview; otherwise it is a lamp. */
const primary = /** @type {const} */ ({ idle: 'start-video', starting: 'stop-video', preview: 'on-air', on_air: 'stop-video' });

/** Marks the primary button, and takes away the buttons that can't help now. */
function showButtons() {
  const { stage } = view;
  const idle = stage === 'idle';
  document.documentElement.toggleAttribute('data-kept', idle && view.refusal !== '');
  // On air, Start video leads back from the screen to the camera, and does what a notice advises.
  const videoHelps = view.sharesScreen || view.notice !== 'none' || isAbsent(view.picture) || isAbsent(view.microphone);
  const helps = {
    'start-video': idle || (stage === 'on_air' && videoHelps),
    'stop-video': !idle,
    'on-air': true,
    preview: idle,
    'start-screen': sharesScreens(),
    record: Recorder.supported && (stage === 'on_air' || recorder.running),
  };
  for (const [id, shown] of Object.entries(helps)) {
    const button = element(/** @type {keyof typeof helps} */ (id));
    button.classList.toggle('gone', !shown);
    button.classList.toggle('primary', id === primary[stage]);
  }
  const lamp = element('on-air');
  lamp.classList.toggle('lamp', primary[stage] !== 'on-air');
  if (stage === 'on_air') lamp.setAttribute('aria-current', 'step');
  else lamp.removeAttribute('aria-current');
}

/**
 * Says the state by a word, beside what `aria-pressed` says to screen readers and to the icon.
 * @param {'microphone' | 'camera'} id
 * @param {boolean} on
 */
function showToggle(id, on) {
  element(id).setAttribute('aria-pressed', String(on));
  element(`${id}-state`).textContent = text(on ? 'studio.on' : 'studio.off');
}

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
  showButtons();
  element('record').disabled = !onAir && !recorder.running;
  element('silent').hidden = view.microphoneOn;
  element('unseen').hidden = view.cameraOn || view.sharesScreen;
  showToggle('microphone', isMicrophoneOn());
  showToggle('camera', isCameraOn());
  element('camera').disabled = view.sharesScreen;
}

function showClock() {
  if (view?.onAirSince == null) return;
  const seconds = Math.max(0, Math.floor((performance.now() - view.onAirSince) / 1000));
  /** @param {number} n */
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  element('clock').textContent = `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function showAudience() {
  element('viewers').textContent = String(view.viewers);
  const forwards = view.forwarding === 'forwarded';
  element('places').title = forwards ? '' : text('studio.capacityHint', { n: view.capacity });
  element('watching').textContent = String(view.watching);
  say('seen', view.stage === 'on_air' ? text('studio.seen', { n: view.viewers }) : '');
  element('places').textContent = forwards ? text('studio.noLimit') : text('studio.upTo', { n: view.capacity });
  element('figures').hidden = view.viewers === 0;
  const gigabytesPerHour = (view.uplinkBps * 3600) / 8e9;
  element('uplink').textContent = text('studio.uplink', { rate: megabits(view.uplinkBps), n: gigabytesPerHour.toFixed(1) });
  viewers.show(view);
}

/**
 * @param {'camera-device' | 'microphone-device' | 'size' | 'sound'} id
 * @param {[value: string, words: string][]} choices
 * @param {string} chosen
 */
function showChoices(id, choices, chosen) {
  const select = element(id);
  const wanted = JSON.stringify(choices);
  if (select.dataset.shown !== wanted) {
    select.dataset.shown = wanted;
    select.replaceChildren(...choices.map(([value, words]) => new Option(words, value)));
  }
  // A choice that fails goes back in the client, so the menu follows the client, not the last click.
  if (select.value !== chosen) select.value = chosen;
}

/** @type {View['choice']['size'][]} */
const sizes = ['small', 'standard', 'large'];
/** @type {View['choice']['sound'][]} */
const sounds = ['speech', 'music'];

function showDevices() {
  for (const kind of /** @type {const} */ (['camera', 'microphone'])) {
    const devices = view.devices.filter((device) => device.kind === kind && device.id !== '');
    /** @type {[value: string, words: string][]} */
    const choices = [['', text(kind === 'camera' ? 'studio.anyCamera' : 'studio.anyMicrophone')]];
    for (const [i, { id, label }] of devices.entries()) {
      choices.push([id, label || text('studio.device', { kind: text(`studio.${kind}`), number: i + 1 })]);
    }
    const known = devices.some(({ id }) => id === view.choice[kind]);
    showChoices(`${kind}-device`, choices, known ? view.choice[kind] : '');
  }
  showChoices('size', sizes.map((size) => [size, text(`studio.sizes.${size}`)]), view.choice.size);
  showChoices('sound', sounds.map((sound) => [sound, text(`studio.sounds.${sound}`)]), view.choice.sound);
}

/** @type {Promise<WakeLockSentinel | undefined> | undefined} */
let awake;
/** Keeps the screen on while on air. The browser releases the lock when the page is hidden. */
function stayAwake() {
  if (view?.stage === 'on_air' && !document.hidden) {
    awake ??= navigator.wakeLock?.request('screen').catch(() => undefined);
  } else {
    awake?.then((lock) => lock?.release()).catch(reportError);
    awake = undefined;
  }
}

/** Says how the picture travels, where the server has a media server for it. */
function showWay() {
  const { canForward, forwarding, forwarded, keepsDirect, stage } = view;
  element('keep-direct').hidden = !canForward;
  element('keep-direct').setAttribute('aria-pressed', String(keepsDirect));
  element('way').textContent =
    canForward && stage === 'on_air' ? text(`studio.way.${forwarding}`, { n: forwarded }) : '';
}

/** Shows whether the client is in the room, and whether the room is locked. */
function showRoom() {
  const { link, locked } = view;
  const kept = view.refusal !== '';
  element('elsewhere').hidden = !kept;
  for (const id of /** @type {const} */ (['start-video', 'start-screen', 'on-air'])) element(id).disabled = kept;
  if (kept) element('preview').disabled = true;
  element('lock').disabled = element('end-room').disabled = link !== 'joined';
  element('end').hidden = view.stage !== 'on_air' && view.watching === 0 && view.audience.length === 0;
  element('lock').setAttribute('aria-pressed', String(locked));
  element('lock').dataset.icon = locked ? 'locked' : 'unlocked';
  element('lock').textContent = text(locked ? 'studio.unlockRoom' : 'studio.lockRoom');
  element('locked').textContent = locked ? text('studio.locked') : '';
}

function recordingTrouble() {
  const { trouble } = recorder.view;
  if (trouble === 'none') return '';
  const isSaved = ['storage_full', 'memory_full', 'broke_off'].includes(trouble);
  return `${text(`studio.recordingTrouble.${trouble}`)} ${isSaved ? text('studio.savedAs', { name: recorder.name }) : ''}`;
}

function showRecording() {
  showKept();
  element('recording').hidden = recorder.view.state !== 'recording';
  element('record').dataset.icon = recorder.running ? 'stop' : 'record';
  element('record').textContent = text(recorder.running ? 'studio.stopRecording' : 'studio.record');
}

/** Offers what the browser keeps. Save and Delete are for all of it; the oldest that was never saved is named first. */
function showKept() {
  const { unsaved, copies } = recorder.view;
  const started = recorder.startOf(unsaved[0] ?? copies[0]);
  element('unsaved').hidden = started === undefined;
  if (started === undefined) return say('unsaved-text', '');
  const when = new Date(started).toLocaleString(document.documentElement.lang);
  say('unsaved-text', text(unsaved.length > 0 ? 'studio.unsaved' : 'studio.copies', { when }));
}

function render() {
  if (!view) return;
  showLink(view.link);
  const asks = (/** @type {View['microphone']} */ state) => view.stage === 'on_air' && state === 'starting';
  const devices = [
    text(asks(view.picture) ? 'studio.asksFor.picture' : `devices.picture.${view.picture}`),
    text(asks(view.microphone) ? 'studio.asksFor.microphone' : `devices.microphone.${view.microphone}`),
  ];
  say('notice', [text(`notice.${view.notice}`), recordingTrouble(), ...devices].filter(Boolean).join(' '));
  showStage();
  showClock();
  showAudience();
  showRoom();
  showWay();
  showDevices();
  showRecording();
}

const rendering = oncePerFrame(render);

/**
 * Gives the view without the viewers, which change often.
 * @param {View} all
 */
function ofOurselves(all) {
  const none = { audience: [], reception: null, viewers: 0, connecting: 0, watching: 0, forwarded: 0, uplinkBps: 0 };
  return JSON.stringify({ ...all, ...none });
}

let shownOfOurselves = '';

/** The devices of the next visit. @type {Pick<View['choice'], 'camera' | 'microphone'>} */
const remembered = { camera: '', microphone: '' };

/**
 * Writes a choice down, but for devices that the browser chooses: one that was picked and is missing today is not
 * forgotten, while another one is sent.
 * @param {View['choice']} choice
 */
function remember(choice) {
  remembered.camera = choice.camera || remembered.camera;
  remembered.microphone = choice.microphone || remembered.microphone;
  lasting.write('onair-devices', JSON.stringify({ ...choice, ...remembered }));
}

/** @param {View} next */
function changed(next) {
  const wasOnAir = view?.stage === 'on_air';
  const choice = JSON.stringify(view?.choice);
  view = next;
  if (view.stage === 'idle' && recorder.running) recorder.stop();
  const ours = ofOurselves(view);
  if (ours === shownOfOurselves) rendering.later(view.reception ? 1000 : 200); // of a crowd somebody comes all the time
  else rendering.soon();
  shownOfOurselves = ours;
  if (wasOnAir !== (view.stage === 'on_air')) stayAwake();
  if (view.stage === 'idle') meter.watch(null);
  if (JSON.stringify(view.choice) !== choice) remember(view.choice);
}

/** @type {(id: import('./types.d.ts').ButtonId, action: () => void) => void} */
function bind(id, action) {
  element(id).disabled = false;
  element(id).addEventListener('click', action);
}

/** Null where there are none, or what another program wrote there. */
function rememberedDevices() {
  try {
    const found = JSON.parse(lasting.read('onair-devices') ?? 'null');
    return ['camera', 'microphone', 'size'].every((name) => typeof found?.[name] === 'string') ? found : null;
  } catch {
    return null;
  }
}

function bindDevices() {
  const found = rememberedDevices();
  if (found) client.choose(found);
  /** @param {Partial<View['choice']>} picked */
  const pick = (picked) => {
    const choice = { ...view.choice, ...picked };
    if ('camera' in picked) remembered.camera = choice.camera;
    if ('microphone' in picked) remembered.microphone = choice.microphone;
    remember(choice);
    client.choose(choice);
  };
  // Each menu changes its own part alone: a menu can't show a camera that is unplugged, and another one must not begin
  // because of that.
  element('camera-device').addEventListener('change', () => {
    pick({ camera: element('camera-device').value });
  });
  element('microphone-device').addEventListener('change', () => {
    pick({ microphone: element('microphone-device').value });
  });
  element('size').addEventListener('change', () => {
    pick({ size: sizes[element('size').selectedIndex] });
  });
  element('sound').addEventListener('change', () => {
    pick({ sound: sounds[element('sound').selectedIndex] });
  });
}

/**
 * Browsers may refuse this, and pages that are not secure have no clipboard.
 * @param {HTMLAnchorElement} link
 */
async function copy(link) {
  try {
    await navigator.clipboard.writeText(link.href);
    element('shared').textContent = text('studio.copied');
  } catch {
    getSelection()?.selectAllChildren(link);
    element('shared').textContent = text('studio.copyByHand');
  }
}

/**
 * Puts an address by which others in the network reach this computer in the place of its own name, or says that it has
 * none.
 * @param {HTMLAnchorElement} link
 */
async function leadFromElsewhere(link) {
  if (!ownNames.includes(location.hostname)) return;
  const response = await fetch('addresses');
  const [address] = response.ok ? (await response.text()).split('\n') : [];
  if (!address) return onLanguage(() => say('link-note', text('studio.linkOfThisComputer')));
  link.hostname = address.includes(':') ? `[${address}]` : address;
  link.textContent = link.href;
}

function bindInvitation() {
  const link = element('watch-link');
  link.href = `watch.html${location.search}`;
  link.textContent = link.href;
  leadFromElsewhere(link).catch(console.warn); // it still leads here
  bind('copy', () => {
    copy(link).catch(reportError);
  });
  if ('share' in navigator) {
    element('share').hidden = false;
    bind('share', () => {
      navigator.share({ title: 'onair', url: link.href }).catch(() => {}); // for instance if the person cancels
    });
  }
  bind('show-qr', () => {
    const qr = element('qr');
    qr.hidden = !qr.hidden;
    qr.src ||= `qr.svg?${encodeURIComponent(link.href)}`;
    element('show-qr').setAttribute('aria-expanded', String(!qr.hidden));
  });
  element('qr').addEventListener('error', () => element('qr').removeAttribute('src')); // asks again at the next press
  onLanguage(() => {
    element('qr').alt = text('studio.qrOf');
  });
}

function bindRecording() {
  if (!Recorder.supported) return;
  element('record').addEventListener('click', () => recorder.press());
  element('save-unsaved').addEventListener('click', () => recorder.saveKept());
  element('discard-unsaved').addEventListener('click', () => recorder.deleteKept());
  recorder.find().catch(console.warn); // without a database nothing was kept
}

offerLanguages();
const opened = await openRoom(createOnair, video);
if (opened) {
  const { onair, options } = opened;
  recorder = new Recorder(onair, options.room, shownStream, rendering.soon);
  const chat = new Chat({
    say: (name, words) => client.say(name, words),
    talker: { remove: (id) => client.removeChatLine(id), mute: (viewer) => client.mute(viewer, true) },
  });
  client = new onair.TalkClient({ ...options, changed, chat: (event) => chat.handle(event) });
  view = client.view();
  begin(client);
  bind('preview', () => client.preview());
  bind('start-video', () => client.startVideo());
  bind('start-screen', () => client.startScreen());
  bind('on-air', () => client.onAir());
  bind('stop-video', () => client.stopVideo());
  bind('microphone', () => client.switchMicrophone(!isMicrophoneOn()));
  bind('camera', () => client.switchCamera(!isCameraOn()));
  bind('lock', () => client.lockRoom(!view.locked));
  bind('keep-direct', () => client.keepDirect(!view.keepsDirect));
  bind('end-room', () => {
    if (confirm(text('studio.endRoomSure'))) client.endRoom();
  });
  element('watch-instead').href = `watch.html${location.search}`;
  bindDevices();
  bindInvitation();
  bindRecording();
  // Not with its metadata: a camera that sends no frame has none.
  video.addEventListener('loadstart', () => {
    const stream = shownStream();
    if (stream) recorder.follow();
    meter.watch(stream);
  });
  document.addEventListener('visibilitychange', stayAwake);
  addEventListener('beforeunload', (event) => {
    if (view.stage === 'on_air') event.preventDefault();
  });
  setInterval(showClock, 1000);
  onLanguage(render);
}
