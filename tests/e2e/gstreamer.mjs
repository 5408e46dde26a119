// GStreamer's encoders and players, as programs of their own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { until } from './support.mjs';

/** Debian's Python, for which Debian's bindings are: another one may come first in PATH. */
const python = '/usr/bin/python3';

/** @typedef {{ offer: string, answer: string, frames: number, energy: number, deleted: number }} Report */

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
  /** @type {Partial<Report>} */
  report = {};

  /**
   * @param {'whip' | 'whep'} protocol
   * @param {string} endpoint
   */
  constructor(protocol, endpoint) {
    const script = fileURLToPath(new URL('gstreamer_peer.py', import.meta.url));
    this.child = start(python, [script, protocol, endpoint]);
    createInterface(this.child.stdout).on('line', (line) => Object.assign(this.report, JSON.parse(line)));
  }

  /**
   * Waits until this is true of what the peer reports.
   * @param {string} what
   * @param {(report: Partial<Report>) => boolean} holds
   */
  async reports(what, holds) {
    await until(`GStreamer ${what}`, () => {
      if (this.child.exitCode !== null) throw new Error('GStreamer’s peer ended');
      return holds(this.report);
    });
  }

  /** Ends the session, and gives the status that its DELETE got. */
  async stop() {
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    await closed;
    return this.report.deleted;
  }
}

const audio =
  'audiotestsrc is-live=true wave=red-noise ! audioconvert ! audioresample ! queue ! opusenc' +
  ' ! rtpopuspay pt=100 ssrc=1 ! queue ! application/x-rtp,media=audio,encoding-name=OPUS,payload=100';
const video =
  'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! videoconvert ! queue' +
  ' ! vp8enc deadline=1 ! rtpvp8pay pt=96 ssrc=2 ! queue ! application/x-rtp,media=video,encoding-name=VP8,payload=96';

/** Debian's package simple-whip-client. The pipelines are those of its README. */
export class SimpleWhipClient {
  printed = '';

  /** @param {string} endpoint */
  constructor(endpoint) {
    this.child = start('whip-client', ['-o', '-u', endpoint, '-A', audio, '-V', video]);
    this.child.stdout.on('data', (data) => {
      this.printed += data;
    });
  }

  /** Ends it as a person does, by Ctrl+C. */
  async stop() {
    const closed = once(this.child, 'close');
    this.child.kill('SIGINT');
    await closed;
  }
}
