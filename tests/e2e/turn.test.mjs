// Puts a real TURN server between the browsers, with the credentials from our server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Chromium, goOnAir, linkWithToken, Server, until } from './support.mjs';

const address = '10.77.0.1';
const port = 3478;
const secret = 'north';
const url = `turn:${address}:${port}`;

/** @type {string} */
let folder;
/** @type {import('node:child_process').ChildProcess} */
let coturn;
/** @type {Chromium} */
let chromium;

function accepts() {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onair-turn-'));
  const nobody = 65_534;
  chmodSync(folder, 0o700);
  // As in production: credentials by a shared secret, and no path into private networks, except for the
  // one address of this test.
  writeFileSync(
    join(folder, 'turnserver.conf'),
    [
      `listening-ip=${address}`,
      `relay-ip=${address}`,
      `listening-port=${port}`,
      'use-auth-secret',
      `static-auth-secret=${secret}`,
      'realm=onair.test',
      'fingerprint',
      'no-cli',
      'no-tls',
      'no-dtls',
      'no-multicast-peers',
      'denied-peer-ip=10.0.0.0-10.255.255.255',
      'denied-peer-ip=172.16.0.0-172.31.255.255',
      'denied-peer-ip=192.168.0.0-192.168.255.255',
      `allowed-peer-ip=${address}`,
      'simple-log',
      `log-file=${join(folder, 'turn.log')}`,
      `pidfile=${join(folder, 'turn.pid')}`,
      `userdb=${join(folder, 'turn.db')}`,
    ].join('\n'),
  );
  // A user who is root in a namespace of its own (in_namespace.sh) has no rights to give away, and no other user there.
  const [, , users] = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).map(Number);
  const unprivileged = process.getuid?.() === 0 && users > nobody ? { uid: nobody, gid: nobody } : {};
  if (unprivileged.uid) {
    chownSync(folder, nobody, nobody);
    chownSync(join(folder, 'turnserver.conf'), nobody, nobody);
  }
  coturn = spawn('turnserver', ['-c', join(folder, 'turnserver.conf')], {
    stdio: 'ignore',
    cwd: folder,
    ...unprivileged,
  });
  await until('coturn listens', accepts);
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  if (coturn && coturn.exitCode === null) {
    const ended = new Promise((resolve) => coturn.once('exit', resolve));
    coturn.kill();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

test('broadcasts through TURN only', async () => {
  const server = await Server.start('--turn-server', url, '--turn-secret', secret, '--relay-only');
  const talker = await goOnAir(chromium, server, 'turn');
  const viewer = await chromium.open(`${server.origin}/watch.html?turn`);
  await viewer.decodesFrames();
  await viewer.hearsSound();
  const types = await viewer.evaluate(async () => {
    const [connection] = window.testConnections.slice(-1);
    const reports = [...(await connection.getStats()).values()];
    const byId = new Map(reports.map((report) => [report.id, report]));
    const transport = reports.find(({ type }) => type === 'transport');
    const pair = byId.get(transport.selectedCandidatePairId);
    return [pair.localCandidateId, pair.remoteCandidateId].map((id) => byId.get(id).candidateType);
  });
  assert.deepEqual(types, ['relay', 'relay']);
  await viewer.close();
  await talker.close();
  await server.stop();
});

test('a viewer without a token gets the TURN server when the broadcaster comes, and not before', async () => {
  const state = mkdtempSync(join(tmpdir(), 'onair-turn-'));
  const turn = ['--turn-server', url, '--turn-secret', secret, '--relay-only'];
  const server = await Server.start('--auth', 'talk', '--state-dir', state, ...turn);
  const viewer = await chromium.open(`${server.origin}/watch.html?kept`);
  await viewer.says('cover', /Waiting/);
  const talker = await chromium.open(linkWithToken(server, state, 'kept', 'talk'));
  await talker.press('start-video');
  await viewer.decodesFrames();
  assert.equal(await viewer.evaluate(() => window.testConnections.length), 1, 'by its first connection');
  for (const page of [viewer, talker]) await page.close();
  await server.stop();
  rmSync(state, { recursive: true });
});

/** @param {string[]} options */
async function check(...options) {
  const server = await Server.start(...options);
  const page = await chromium.open(`${server.origin}/check.html`);
  await page.press('start');
  await page.shows('summary');
  const found = await page.evaluate(() => ({
    results: Object.fromEntries(
      [...document.querySelectorAll('#results li')].map(({ id, className }) => [id, className]),
    ),
    report: document.getElementById('failed').hidden
      ? ''
      : document.getElementById('report').textContent,
  }));
  assert.deepEqual(page.errors, []);
  await page.close();
  await server.stop();
  return found;
}

test('reports on check.html that everything works', async () => {
  const { results, report } = await check(
    ...['--turn-server', url, '--turn-server', `${url}?transport=tcp`],
    ...['--turn-secret', secret, '--ice-server', url.replace('turn:', 'stun:')],
  );
  assert.deepEqual(results, {
    server: 'works',
    secure: 'works',
    camera: 'works',
    stun: 'works',
    turnUdp: 'works',
    turnTcp: 'works',
    turnTls: 'unset',
    relayCall: 'works',
  });
  assert.equal(report, '');
});

test('reports on check.html what fails, and what to tell the operator', async () => {
  const { results, report } = await check('--turn-server', url, '--turn-secret', 'not the secret of coturn');
  assert.equal(results.turnUdp, 'fails');
  assert.equal(results.relayCall, 'fails');
  assert.match(report, /TURN over UDP: 401/);
});

/**
 * Gives the relay candidates and errors that a browser gets with these credentials.
 * @param {string} username
 */
async function gather(username) {
  const server = await Server.start();
  const page = await chromium.open(`${server.origin}/`);
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  const gathered = await page.evaluate(
    ([urls, name, password]) =>
      /** @type {Promise<{ relays: number, errors: number[] }>} */
      (new Promise((resolve, reject) => {
        const connection = new RTCPeerConnection({
          iceServers: [{ urls, username: name, credential: password }],
          iceTransportPolicy: 'relay',
        });
        /** @type {{ relays: number, errors: number[] }} */
        const found = { relays: 0, errors: [] };
        connection.onicecandidateerror = ({ errorCode }) => found.errors.push(errorCode);
        connection.onicecandidate = ({ candidate }) => {
          if (candidate) ++found.relays;
          else resolve(found);
        };
        connection.createDataChannel('probe');
        connection.setLocalDescription().catch(reject);
      })),
    [url, username, credential],
  );
  await page.close();
  await server.stop();
  return gathered;
}

test('gets into coturn with valid credentials and not with expired ones', async () => {
  const now = Math.floor(Date.now() / 1000);
  const valid = await gather(`${now + 60}:5f0c`);
  assert.ok(valid.relays > 0);
  const expired = await gather(`${now - 60}:5f0c`);
  assert.equal(expired.relays, 0);
  assert.ok(expired.errors.includes(401), `${expired.errors}`);
});
