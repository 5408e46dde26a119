// Runs NATS servers for a test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Finds a free port, for programs that can't take port 0. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** @typedef {import('node:test').TestContext} TestContext */

export class Nats {
  folder = mkdtempSync(join(tmpdir(), 'onair-nats-'));

  /**
   * @param {number} port
   * @param {string[]} options
   */
  constructor(port, options) {
    this.port = port;
    this.options = options;
    this.url = `nats://127.0.0.1:${port}`;
  }

  /**
   * Starts a server on a port that it keeps after `again`.
   * @param {TestContext} t
   * @param {string[]} options
   */
  static async start(t, options = []) {
    const nats = new Nats(await freePort(), options);
    t.after(async () => {
      await nats.kill();
      rmSync(nats.folder, { recursive: true });
    });
    await nats.again();
    return nats;
  }

  /**
   * Starts a cluster of NATS servers.
   * @param {TestContext} t
   * @param {number} size
   */
  static async cluster(t, size) {
    const routes = await Promise.all(Array.from({ length: size }, freePort));
    const urls = routes.map((port) => `nats-route://127.0.0.1:${port}`).join(',');
    return Promise.all(
      routes.map((port) =>
        Nats.start(t, [
          ...['--name', `n${port}`, '--cluster_name', 'test'],
          ...['--cluster', `nats://127.0.0.1:${port}`, '--routes', urls],
        ]),
      ),
    );
  }

  async again() {
    const store = ['-js', '-sd', this.folder];
    this.child = spawn(
      'nats-server',
      ['-a', '127.0.0.1', '-p', String(this.port), ...store, ...this.options],
      { stdio: 'ignore' },
    );
    this.exited = once(this.child, 'exit');
    for (;;) {
      const socket = connect(this.port, '127.0.0.1');
      const there = await once(socket, 'data').then(() => true, () => false);
      socket.destroy();
      if (there) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async kill() {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  /**
   * Publishes a message on a subject, as any client of NATS may.
   * @param {string} subject
   * @param {string} payload
   */
  async publish(subject, payload) {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'data');
    const bytes = Buffer.from(payload);
    socket.write(`CONNECT {"verbose":false}\r\nPUB ${subject} ${bytes.length}\r\n`);
    socket.write(bytes);
    socket.write('\r\nPING\r\n');
    await once(socket, 'data');
    socket.destroy();
  }
}
