// A server process for a test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this machine has IPv6. */
export const hasIpv6 = Object.values(networkInterfaces()).flat().some(({ address }) => address === '::1');

/** A running server; `output` grows, and `said` waits until it matches. */
export class Server {
  /** `address` null: on those of its own choice. */
  constructor(t, options = [], { descriptors, address = '127.0.0.1' } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'onair-process-'));
    const command = [
      process.env.ONAIR_SERVER, '--web', process.env.ONAIR_SITE, ...(address ? ['--address', address] : []),
      '--port', '0', '--state-dir', this.folder, ...options,
    ];
    const limited = descriptors ? ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', ...command] : command;
    this.child = spawn(limited[0], limited.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = once(this.child, 'exit');
    this.output = '';
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
      rmSync(this.folder, { recursive: true });
    });
  }

  async said(pattern) {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      const ended = await Promise.race([
        new Promise((resolve) => (this.news = () => resolve(false))),
        this.exited.then(() => true),
      ]);
      assert.ok(!ended || pattern.test(this.output), `ended without saying ${pattern}: ${this.output}`);
    }
  }

  async port() {
    return Number((await this.said(/localhost:(\d+)\/talk/))[1]);
  }
}
