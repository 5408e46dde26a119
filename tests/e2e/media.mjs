// A server with its forwarder, and pages that speak WHIP and WHEP as an encoder or a player does.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { script } from './media_client.mjs';
import { Server, until } from './support.mjs';

/** A server with a forwarder. */
export class MediaServer {
  #folder = mkdtempSync(join(tmpdir(), 'onair-forwarder-'));
  /** @type {Server | undefined} */
  #server;
  /** @type {string[]} */
  #options;

  /** @param {string[]} options */
  constructor(options) {
    this.#options = ['--forwarder', 'auto', '--media-port', '0', '--state-dir', this.#folder, ...options];
  }

  /** @param {string[]} options */
  static async start(...options) {
    const started = new MediaServer(options);
    await started.#start('0');
    return started;
  }

  /** @param {string} port */
  async #start(port) {
    this.#server = await Server.start(...this.#options, '--port', port);
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

  /** After `kill`, on the same port, with the same options and state. */
  async restart() {
    await this.#start(new URL(this.origin).port);
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
 * A page that can be an encoder or a player: window.testMedia.
 * @param {{ open: (url: string) => Promise<import('./support.mjs').Page> }} browser
 * @param {string} origin
 */
export async function openClient(browser, origin) {
  const page = await browser.open(`${origin}/check.html`);
  await page.evaluate(script);
  return page;
}

/**
 * A page that sends the fake camera, or receives.
 * @param {{ open: (url: string) => Promise<import('./support.mjs').Page> }} browser
 * @param {{ origin: string }} server
 * @param {'whip' | 'whep'} way
 * @param {string} room
 */
export async function connect(browser, server, way, room) {
  const page = await openClient(browser, server.origin);
  const session =
    way === 'whip'
      ? await page.evaluate((name) => window.testMedia.publish(name, { camera: true }), room)
      : // A data channel as MediaMTX's reader has it; it is refused.
        await page.evaluate((name) => window.testMedia.play(name, { dataChannel: true }), room);
  return { page, ...session };
}
