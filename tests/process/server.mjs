// Runs a server process for a test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

import { setting } from '../setting.mjs';

/** The server's program, and the folder that it serves. */
export const program = setting('ONAIR_SERVER');
export const site = setting('ONAIR_SITE');

/** True where this machine has IPv6. */
export const hasIpv6 = Object.values(networkInterfaces()).flat().some((own) => own?.address === '::1');

/**
 * Settles with the code by which a WebSocket is closed, whatever happened to it before.
 * @param {import('ws').WebSocket} socket
 * @returns {Promise<[code: number]>}
 */
export const closing = (socket) =>
  new Promise((resolve) => {
    socket.on('error', () => {}); // `close` follows
    socket.once('close', (code) => resolve([code]));
  });

/** A running server. `output` collects its output, and `logged` waits until that matches a pattern. */
export class Server {
  /**
   * @param {import('node:test').TestContext} t
   * @param {string[]} options
   * @param {{ descriptors?: number, address?: string | null, folder?: string }} more address null: the server listens
   *   where it does by default. folder: that of its state, which ends with it
   */
  constructor(t, options = [], { descriptors, address = '127.0.0.1', folder = Server.makeFolder() } = {}) {
    this.folder = folder;
    const command = [
      program, '--web', site, ...(address ? ['--address', address] : []),
      '--port', '0', '--state-dir', this.folder, ...options,
    ];
    const limited = descriptors ? ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', ...command] : command;
    // A forwarder outlives a server that is killed: only tests that end it ask for one.
    const env = { ...process.env, ONAIR_FORWARDER: 'off' };
    this.child = spawn(limited[0], limited.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = once(this.child, 'exit');
    this.output = '';
    /** @type {() => void} */
    this.news = () => {};
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (data) => {
        this.output += data;
        this.news();
      });
    }
    t.after(async () => {
      this.child.kill('SIGKILL');
      await this.exited;
      rmSync(this.folder, { recursive: true, force: true }); // other servers may share it
    });
  }

  /** Makes a folder for a server's state. */
  static makeFolder() {
    return mkdtempSync(join(tmpdir(), 'onair-process-'));
  }

  /** @param {RegExp} pattern */
  async logged(pattern) {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      const ended = await Promise.race([
        new Promise((resolve) => {
          this.news = () => resolve(false);
        }),
        this.exited.then(() => true),
      ]);
      assert.ok(!ended || pattern.test(this.output), `ended without printing ${pattern}: ${this.output}`);
    }
  }

  async port() {
    return Number((await this.logged(/localhost:(\d+)\/talk/))[1]);
  }
}
