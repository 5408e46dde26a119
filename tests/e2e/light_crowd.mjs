// A crowd of light viewers, by onair_light_viewers: members of a room as pages are, each with a connection to the
// forwarder of its own, but they show nothing, so that hundreds cost little.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { setting } from '../setting.mjs';

/**
 * @typedef {{ viewers: number, pictures: number, failures: Record<string, number> }} Joins
 * @typedef {{ lines: number, p99: number, max: number } | null} Chat how late the lines came that say when they were sent, in ms
 * @typedef {Joins & { seconds: number, packets: number, least_packets: number, missing: number, chat_ms: Chat }} Result
 */

export class LightCrowd {
  #child;

  /**
   * Lets so many join, slower where the machine is slow, and leave `seconds` after the last has a picture, or by stop().
   * @param {{ port: number }} server on this machine
   * @param {string} room
   * @param {number} viewers
   * @param {{ perSecond: number, seconds: number }} pace
   */
  constructor(server, room, viewers, { perSecond, seconds }) {
    const options = ['--members', '--port', server.port, '--room', room, '--viewers', viewers];
    const pace = ['--joins-per-second', perSecond, '--most-waiting', perSecond, '--seconds', seconds];
    const child = spawn(setting('ONAIR_LIGHT_VIEWERS'), [...options, ...pace].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error('the light viewers have ended early');
      return JSON.parse(value);
    };
    /** When each has a picture or has failed. @type {Promise<Joins>} */
    this.joined = next().then(({ joined }) => joined);
    /** When they leave. @type {Promise<Result>} */
    this.ended = this.joined.then(next);
    this.ended.catch(() => {}); // whoever waits for it is told; perhaps nobody does
  }

  /** They leave now; `ended` says what they had. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}
