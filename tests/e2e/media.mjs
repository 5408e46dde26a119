// A server with its forwarder, and pages that speak WHIP and WHEP as an encoder or a player does.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Server, until } from './support.mjs';

/** A server with a forwarder. */
export class MediaServer {
  #folder = mkdtempSync(join(tmpdir(), 'onair-forwarder-'));
  /** @type {Server | undefined} */
  #server;

  /** @param {string[]} options */
  static async start(...options) {
    const started = new MediaServer();
    await started.#start(options);
    return started;
  }

  /** @param {string[]} options */
  async #start(options) {
    const media = ['--forwarder', 'auto', '--media-port', '0', '--state-dir', this.#folder];
    this.#server = await Server.start(...media, ...options);
  }

  get origin() {
    return this.#running.origin;
  }

  get port() {
    return this.#running.port;
  }

  /** The server's process. */
  get process() {
    return this.#running.process;
  }

  get #running() {
    if (!this.#server) throw new Error('the server has not started');
    return this.#server;
  }

  /** Kills the server; its forwarder goes on. */
  async kill() {
    await this.#server?.stop('SIGKILL');
  }

  /** After `kill`, on the same port and with the same state. */
  async restart() {
    await this.#start(['--port', new URL(this.origin).port]);
  }

  async stop() {
    await this.#server?.stop(); // and with it the forwarder
    rmSync(this.#folder, { recursive: true });
  }
}

/**
 * Posts an offer, again while it is told to come later, as a player is before the broadcast.
 * @param {string} endpoint
 * @param {string} offer
 */
export function post(endpoint, offer) {
  const headers = { 'Content-Type': 'application/sdp' };
  return until(`${endpoint} answers`, async () => {
    const response = await fetch(endpoint, { method: 'POST', headers, body: offer });
    const text = await response.text();
    if (response.status === 201) return { answer: text, location: response.headers.get('Location') ?? '' };
    if (!response.headers.has('Retry-After')) throw new Error(`${endpoint}: ${response.status} ${text}`);
    return null;
  });
}

/**
 * Ends a session of WHIP or WHEP; gives the status of the answer.
 * @param {string} resource
 */
export async function remove(resource) {
  return (await fetch(resource, { method: 'DELETE' })).status;
}

/**
 * A page that sends or receives over one connection. It posts its offer as `post` does.
 * @param {import('./support.mjs').Chromium | import('./support.mjs').Firefox} browser
 * @param {{ origin: string }} server
 * @param {'whip' | 'whep'} protocol
 * @param {string} room
 */
export async function connect(browser, server, protocol, room) {
  const page = await browser.open(`${server.origin}/check.html`);
  const answered = await page.evaluate(
    async ([way, name]) => {
      const connection = new RTCPeerConnection();
      const video = document.createElement('video');
      Object.assign(video, { id: 'played', autoplay: true });
      document.body.append(video);
      if (way === 'whip') {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
        for (const track of stream.getTracks()) {
          connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
        }
      } else {
        connection.addTransceiver('audio', { direction: 'recvonly' });
        connection.addTransceiver('video', { direction: 'recvonly' });
        connection.createDataChannel(''); // as MediaMTX's reader does; it is refused
        const stream = new MediaStream();
        connection.ontrack = ({ track }) => stream.addTrack(track);
        video.srcObject = stream;
      }
      await connection.setLocalDescription();
      const offer = /** @type {RTCSessionDescription} */ (connection.localDescription).sdp;
      const deadline = Date.now() + 60_000;
      for (;;) {
        const headers = { 'Content-Type': 'application/sdp' };
        const response = await fetch(`/${way}/${name}`, { method: 'POST', headers, body: offer });
        const text = await response.text();
        if (response.status === 201) {
          await connection.setRemoteDescription({ type: 'answer', sdp: text });
          return { status: 201, text, offer, location: response.headers.get('Location') ?? '' };
        }
        const later = response.headers.has('Retry-After');
        if (!later || Date.now() > deadline) return { status: response.status, text, offer, location: '' };
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    /** @type {[string, string]} */ ([protocol, room]),
  );
  if (answered.status !== 201) throw new Error(`${protocol} in ${room}: ${answered.status} ${answered.text}`);
  return { page, ...answered };
}
