// A forwarder without media, which speaks the control protocol (server/sfu/control/CONTROL.md) over a Unix socket.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** @typedef {{ id: number, do: string, room?: string, peer?: string, sdp?: string }} Request */

export class FakeForwarder {
  folder = mkdtempSync(join(tmpdir(), 'onair-forwarder-'));
  path = join(this.folder, 'control.sock');
  /** @type {Request[]} */
  requests = [];
  news = () => {};
  /** @type {Set<import('node:net').Socket>} */
  sockets = new Set();

  /** @param {import('node:test').TestContext} t */
  static async start(t) {
    const forwarder = new FakeForwarder();
    const server = createServer((socket) => forwarder.serve(socket)).listen(forwarder.path);
    t.after(() => {
      server.close();
      for (const socket of forwarder.sockets) socket.destroy();
      rmSync(forwarder.folder, { recursive: true });
    });
    await once(server, 'listening');
    return forwarder;
  }

  /** @param {import('node:net').Socket} socket */
  serve(socket) {
    this.sockets.add(socket);
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => this.sockets.delete(socket));
    const lines = createInterface({ input: socket });
    lines.on('error', () => {}); // the socket's
    lines.on('line', (line) => {
      /** @type {Request} */
      const request = JSON.parse(line);
      socket.write(`${JSON.stringify({ id: request.id, ok: FakeForwarder.replyTo(request) })}\n`);
      this.requests.push(request);
      this.news();
    });
  }

  /** @param {Request} request */
  static replyTo(request) {
    if (request.do === 'hello') return { version: 1, instance: 'fake', peers: [] };
    if (!['publish', 'play', 'invite'].includes(request.do)) return {};
    return { sdp: `v=0\r\ns=${request.peer}\r\na=ice-lite\r\n` };
  }

  /**
   * Gives the next request of a kind.
   * @param {string} kind
   * @returns {Promise<Request>}
   */
  async next(kind) {
    for (;;) {
      const at = this.requests.findIndex((request) => request.do === kind);
      if (at >= 0) return this.requests.splice(at, 1)[0];
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.news = resolve)));
    }
  }

  /** @param {object} event */
  tell(event) {
    for (const socket of this.sockets) socket.write(`${JSON.stringify(event)}\n`);
  }
}
