// The self-test. Each check has a name, a function that runs it, and texts for its results. It contacts the server,
// STUN and TURN as a viewer's browser would.

import { whyRefused } from './reach.mjs';
import { cameUp, element, offerLanguages, onLanguage, refusal, socketAddress, text, tokenOfAddress, tokensOfTab } from './page.mjs';

const timeout = 8_000; // ms; the time limit for each answer of a server

/**
 * @typedef {typeof import('./texts.en.mjs').default.check} Texts
 * @typedef {{ urls: string[], username?: string, credential?: string }} IceServer
 * @typedef {{ iceServers: IceServer[] }} Welcome
 * @typedef {(url: string) => boolean} Fits
 * @typedef {import('./reach.mjs').Why} Why
 */

/** Thrown when the server has nothing set up to test. */
class NotSetUp extends Error {
  /** @param {keyof Texts['unset']} name */
  constructor(name) {
    super();
    this.check = name;
  }
}

/**
 * @template Value
 * @param {string} what
 * @param {Promise<Value>} promise
 */
function within(what, promise) {
  /** @type {number | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${timeout / 1000} s`)), timeout);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Thrown when the server answers, but does not let this page in; its message is the server's code. */
class Refused extends Error {}

/** Thrown when the server refuses the WebSocket itself, as `whyRefused` finds out. */
class RefusedByHttp extends Error {}

const entryToken = tokenOfAddress() ?? tokensOfTab().at(-1);

/**
 * Gives room and role of an entry token (a JWT, RFC 7519), which opens no other room. Without one, a room of the
 * check's own.
 * @param {string | undefined} token
 * @returns {{ room: string, role: string }}
 */
function roomAndRole(token) {
  const own = { room: `_check ${crypto.getRandomValues(new Uint32Array(2)).join('')}`, role: 'watch' };
  try {
    const claims = atob(String(token?.split('.')[1]).replaceAll('-', '+').replaceAll('_', '/'));
    const { room, role } = JSON.parse(new TextDecoder().decode(Uint8Array.from(claims, (c) => c.charCodeAt(0))));
    return { room: String(room), role: String(role) };
  } catch {
    return own; // no token, or none that can be read: the server says what it thinks of it
  }
}

/** Enters the room of the token, or one of its own, and returns the welcome. */
function reachServer() {
  const socket = new WebSocket(socketAddress());
  /** @type {Promise<MessageEvent>} */
  const answer = new Promise((resolve, reject) => {
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'enter', ...roomAndRole(entryToken), token: entryToken }));
    socket.onmessage = resolve;
    socket.onclose = () => reject(new Error('the WebSocket was closed'));
  });
  /** @type {Promise<Welcome>} */
  const entered = answer.then(({ data }) => {
    const message = JSON.parse(data);
    if (message.type !== 'welcome') throw new Refused(message.code);
    return message;
  });
  return within('server', entered)
    .catch(async (error) => {
      const why = error instanceof Refused ? undefined : await whyRefused().catch(() => undefined);
      throw why ? new RefusedByHttp(why) : error;
    })
    .finally(() => socket.close(1000));
}

/** @param {MediaStreamConstraints} constraints */
async function tryDevices(constraints) {
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  for (const track of stream.getTracks()) track.stop();
}

/** A broadcast starts with one of the two: then gives the words that say which. */
async function tryCameraAndMicrophone() {
  if (!navigator.mediaDevices) throw new Error('not available on this page');
  try {
    await tryDevices({ audio: true, video: true });
    return undefined;
  } catch (error) {
    const camera = await tryDevices({ video: true }).then(() => true, () => false);
    if (camera) return text('check.cameraAlone');
    const microphone = await tryDevices({ audio: true }).then(() => true, () => false);
    if (microphone) return text('check.microphoneAlone');
    throw error;
  }
}

/**
 * Gathers candidates of one type from one server.
 * @param {IceServer} server
 * @param {'srflx' | 'relay'} type
 */
async function gather(server, type) {
  const connection = new RTCPeerConnection({
    iceServers: [server],
    iceTransportPolicy: type === 'relay' ? 'relay' : 'all',
  });
  /** @type {Promise<void>} */
  const found = new Promise((resolve, reject) => {
    /** @type {Error | undefined} */
    let error;
    connection.onicecandidateerror = ({ errorCode, errorText }) => {
      error = new Error(`${errorCode} ${errorText}`.trim());
    };
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.type === type) resolve();
      // A server in the same network sees our local address, so it adds no candidate.
      if (candidate) return;
      if (type === 'srflx' && !error) resolve();
      else reject(error ?? new Error(`no ${type} candidate`));
    };
  });
  connection.createDataChannel('check');
  const gathered = Promise.all([found, connection.setLocalDescription()]);
  await within(server.urls[0], gathered).finally(() => connection.close());
}

/** @type {Welcome | undefined} */
let welcome;
function iceServers() {
  if (!welcome) throw new Error('the server was not reached');
  return welcome.iceServers;
}

/**
 * Lists the servers of the welcome, one entry for each URL that fits.
 * @param {keyof Texts['unset']} name
 * @param {Fits} fits
 */
function serversFor(name, fits) {
  const servers = iceServers().flatMap(({ urls, ...credentials }) =>
    urls.filter(fits).map((url) => ({ urls: [url], ...credentials })),
  );
  if (servers.length === 0) throw new NotSetUp(name);
  return servers;
}

/** @type {(name: keyof Texts['unset'], type: 'srflx' | 'relay', fits: Fits) => Promise<void>} */
async function gatherEach(name, type, fits) {
  for (const server of serversFor(name, fits)) await gather(server, type);
}

/** @type {(from: RTCPeerConnection, to: RTCPeerConnection) => Promise<void>} */
async function describe(from, to) {
  await from.setLocalDescription();
  await to.setRemoteDescription(/** @type {RTCSessionDescription} */ (from.localDescription));
}

async function callOneself() {
  serversFor('relayCall', isTurn);
  /** @type {RTCConfiguration} */
  const configuration = { iceServers: iceServers(), iceTransportPolicy: 'relay' };
  const caller = new RTCPeerConnection(configuration);
  const callee = new RTCPeerConnection(configuration);
  const channel = caller.createDataChannel('check');
  /** @type {Promise<void>} */
  const opened = new Promise((resolve, reject) => {
    channel.onopen = () => resolve();
    for (const [from, to] of [[caller, callee], [callee, caller]]) {
      from.onicecandidate = ({ candidate }) => {
        to.addIceCandidate(candidate).catch(reject);
      };
    }
  });
  const described = describe(caller, callee).then(() => describe(callee, caller));
  await within('relay call', Promise.all([opened, described])).finally(() => {
    caller.close();
    callee.close();
  });
}

/** @type {Fits} */
const isTurn = (url) => /^turns?:/.test(url);
/** @type {Fits} */
const isTcp = (url) => /transport=tcp/.test(url);

/**
 * An attempt may give words to say instead of the usual ones.
 * @type {[name: keyof Texts['names'], attempt: () => Promise<string | undefined | void>][]}
 */
const checks = [
  [
    'server',
    async () => {
      welcome = await reachServer();
    },
  ],
  [
    'secure',
    async () => {
      if (!isSecureContext) throw new Error('the page is not secure');
    },
  ],
  ['camera', tryCameraAndMicrophone],
  ['stun', () => gatherEach('stun', 'srflx', (url) => /^stuns?:/.test(url))],
  ['turnUdp', () => gatherEach('turnUdp', 'relay', (url) => /^turn:/.test(url) && !isTcp(url))],
  ['turnTcp', () => gatherEach('turnTcp', 'relay', (url) => /^turn:/.test(url) && isTcp(url))],
  ['turnTls', () => gatherEach('turnTls', 'relay', (url) => /^turns:/.test(url))],
  ['relayCall', callOneself],
];

/** @type {(row: HTMLElement, verdict: keyof Texts['verdicts'], words: string) => void} */
function show(row, verdict, words) {
  const [title, explanation] = [document.createElement('strong'), document.createElement('span')];
  title.textContent = text(`check.verdicts.${verdict}`);
  explanation.textContent = words;
  row.className = verdict;
  row.replaceChildren(title, explanation);
}

/** @type {(name: keyof Texts['names'], error: unknown) => string} */
function failureText(name, error) {
  if (error instanceof RefusedByHttp) return text(`check.notLetIn.${/** @type {Why} */ (error.message)}`);
  if (!(error instanceof Refused)) return text(`check.fails.${name}`);
  const code = error.message;
  return code === 'token_required' ? text('check.tokenNeeded') : text('check.refused', { why: refusal(code) });
}

async function run() {
  element('start').disabled = true;
  element('summary').hidden = true;
  element('results').replaceChildren();
  welcome = undefined;
  const failures = [];
  for (const [name, attempt] of checks) {
    const row = document.createElement('li');
    row.id = name;
    element('results').append(row);
    show(row, 'trying', text(`check.names.${name}`));
    try {
      const words = await attempt();
      show(row, 'works', words ?? text(`check.works.${name}`));
    } catch (error) {
      if (error instanceof NotSetUp) {
        show(row, 'unset', text(`check.unset.${error.check}`));
        continue;
      }
      show(row, 'fails', failureText(name, error));
      failures.push(`${text(`check.names.${name}`)}: ${error instanceof Error ? error.message : error}`);
    }
  }
  element('verdict').textContent = text(failures.length ? 'check.someFailed' : 'check.allWork');
  element('failed').hidden = failures.length === 0;
  element('report').textContent = text('check.report', {
    origin: location.origin,
    failures: failures.join('; '),
  });
  element('summary').hidden = false;
}

element('start').addEventListener('click', () => {
  run()
    .catch(reportError)
    .finally(() => {
      element('start').disabled = false;
    });
});
offerLanguages();
onLanguage(() => {
  element('start').disabled = false;
  cameUp();
});
