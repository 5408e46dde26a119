// The self-test. Each check has a name, a function that runs it, and texts for its results. It contacts the server,
// STUN and TURN as a viewer's browser would.

import { element, offerLanguages, onLanguage, socketAddress, text } from './page.mjs';

const patience = 8_000; // ms; the time limit for each answer of a server

class NotSetUp extends Error {}

function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${patience / 1000} s`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Enters a room of its own and returns the welcome. */
function reachServer() {
  const socket = new WebSocket(socketAddress());
  const welcome = new Promise((resolve, reject) => {
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'enter', room: `_check ${crypto.getRandomValues(new Uint32Array(2)).join('')}`, role: 'watch' }));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'welcome') resolve(message);
      else reject(new Error(message.message));
    };
    socket.onclose = () => reject(new Error('the WebSocket was closed'));
  });
  return within('server', welcome).finally(() => socket.close(1000));
}

async function tryCamera() {
  if (!navigator.mediaDevices) throw new Error('not available on this page');
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const track of stream.getTracks()) track.stop();
}

/** Gathers candidates of one type from one server. */
async function gather(iceServers, type) {
  const connection = new RTCPeerConnection({
    iceServers,
    iceTransportPolicy: type === 'relay' ? 'relay' : 'all',
  });
  const found = new Promise((resolve, reject) => {
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
  await connection.setLocalDescription();
  await within(iceServers[0].urls[0], found).finally(() => connection.close());
}

/** Lists the servers of the welcome, one entry for each URL that fits. */
function serversFor({ iceServers }, fits) {
  const servers = iceServers.flatMap(({ urls, ...credentials }) =>
    urls.filter(fits).map((url) => ({ urls: [url], ...credentials })),
  );
  if (servers.length === 0) throw new NotSetUp();
  return servers;
}

async function gatherEach(welcome, fits, type) {
  for (const server of serversFor(welcome, fits)) await gather([server], type);
}

async function callOneself(welcome) {
  serversFor(welcome, isTurn);
  const configuration = { iceServers: welcome.iceServers, iceTransportPolicy: 'relay' };
  const caller = new RTCPeerConnection(configuration);
  const callee = new RTCPeerConnection(configuration);
  try {
    caller.onicecandidate = ({ candidate }) => callee.addIceCandidate(candidate);
    callee.onicecandidate = ({ candidate }) => caller.addIceCandidate(candidate);
    const channel = caller.createDataChannel('check');
    const opened = new Promise((resolve) => {
      channel.onopen = resolve;
    });
    await caller.setLocalDescription();
    await callee.setRemoteDescription(caller.localDescription);
    await callee.setLocalDescription();
    await caller.setRemoteDescription(callee.localDescription);
    await within('relay call', opened);
  } finally {
    caller.close();
    callee.close();
  }
}

const isTurn = (url) => /^turns?:/.test(url);
const isTcp = (url) => /transport=tcp/.test(url);

let welcome;
const needWelcome = () => {
  if (!welcome) throw new Error('the server was not reached');
  return welcome;
};

const checks = [
  ['server', async () => (welcome = await reachServer())],
  [
    'secure',
    async () => {
      if (!isSecureContext) throw new Error('the page is not secure');
    },
  ],
  ['camera', tryCamera],
  ['stun', async () => gatherEach(needWelcome(), (url) => /^stuns?:/.test(url), 'srflx')],
  ['turnUdp', async () => gatherEach(needWelcome(), (url) => /^turn:/.test(url) && !isTcp(url), 'relay')],
  ['turnTcp', async () => gatherEach(needWelcome(), (url) => /^turn:/.test(url) && isTcp(url), 'relay')],
  ['turnTls', async () => gatherEach(needWelcome(), (url) => /^turns:/.test(url), 'relay')],
  ['relayCall', async () => callOneself(needWelcome())],
];

function show(row, verdict, key) {
  row.className = verdict;
  row.replaceChildren(document.createElement('strong'), document.createElement('span'));
  row.firstChild.textContent = text(`check.verdicts.${verdict}`);
  row.lastChild.textContent = text(`check.${key}`);
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
    show(row, 'trying', `names.${name}`);
    try {
      await attempt();
      show(row, 'works', `works.${name}`);
    } catch (error) {
      const unset = error instanceof NotSetUp;
      const verdict = unset ? 'unset' : 'fails';
      show(row, verdict, `${verdict}.${name}`);
      if (!unset) failures.push(`${text(`check.names.${name}`)}: ${error.message}`);
    }
  }
  element('verdict').textContent = text(failures.length ? 'check.someFailed' : 'check.allWork');
  element('failed').hidden = failures.length === 0;
  element('report').textContent = text('check.report', {
    origin: location.origin,
    failures: failures.join('; '),
  });
  element('summary').hidden = false;
  element('start').disabled = false;
}

element('start').addEventListener('click', run);
offerLanguages();
onLanguage(() => {
  element('start').disabled = false;
});
