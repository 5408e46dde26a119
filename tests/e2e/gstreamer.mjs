// GStreamer's encoders and players, as programs of their own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { until } from './support.mjs';

/** Debian's Python, for which Debian's bindings are: another one may come first in PATH. */
const python = '/usr/bin/python3';

/** @typedef {{ offer: string, answer: string, frames: number, energy: number, deleted: number }} Told */

/**
 * Starts a program that is killed with this process.
 * @param {string} program
 * @param {string[]} options
 */
function start(program, options) {
  const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

/** webrtcbin, as gstreamer_peer.py drives it. */
export class GstreamerPeer {
  /** @type {Partial<Told>} */
  told = {};

  /**
   * @param {'whip' | 'whep'} protocol
   * @param {string} endpoint
   */
  constructor(protocol, endpoint) {
    const script = new URL('gstreamer_peer.py', import.meta.url).pathname;
    this.child = start(python, [script, protocol, endpoint]);
    createInterface(this.child.stdout).on('line', (line) => Object.assign(this.told, JSON.parse(line)));
  }

  /** Waits until the peer has told something of which this is true. */
  async tells(/** @type {string} */ what, /** @type {(told: Partial<Told>) => boolean} */ holds) {
    await until(`GStreamer ${what}`, () => {
      if (this.child.exitCode !== null) throw new Error('GStreamer’s peer ended');
      return holds(this.told);
    });
  }

  /** Ends the session, and gives the status that its DELETE got. */
  async stop() {
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    await closed;
    return this.told.deleted;
  }
}
