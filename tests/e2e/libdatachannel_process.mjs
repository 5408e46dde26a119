// libdatachannel in a process of its own, as other foreign peers are programs of their own: its threads sometimes crash
// when a process ends, which says nothing about the server.

import { fork } from 'node:child_process';
import { once } from 'node:events';

/** @typedef {{ offer?: string, payloadTypes?: Record<string, number>, ssrcs?: Record<string, number> }} About */

/** An encoder as OBS is one, or a player. */
export class Libdatachannel {
  #process = fork(new URL('libdatachannel_peer.mjs', import.meta.url));
  /** @type {About} */
  about = {};

  /**
   * @param {'encoder' | 'player'} part
   * @param {string} endpoint
   */
  static async start(part, endpoint) {
    const peer = new Libdatachannel();
    peer.about = /** @type {About} */ (await peer.#ask({ start: part, endpoint }));
    return peer;
  }

  /** The number of packets that a player got, by payload type and SSRC: `96 1234`. */
  async packets() {
    return new Map(/** @type {[string, number][]} */ (await this.#ask('packets')));
  }

  /** Gives the status that its DELETE got. */
  async stop() {
    const status = /** @type {number} */ (await this.#ask('stop'));
    this.#process.kill('SIGKILL');
    return status;
  }

  /** @param {import('node:child_process').Serializable} question */
  async #ask(question) {
    this.#process.send(question);
    const message = await Promise.race([once(this.#process, 'message'), once(this.#process, 'exit').then(() => null)]);
    if (message === null) throw new Error('libdatachannel’s process has ended');
    const [answer] = message;
    return answer;
  }
}
