// Passes requests on to a server, and records them and their answers: for clients that are programs, which tell little.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { text } from 'node:stream/consumers';

import { until } from './support.mjs';

/** @typedef {{ method: string, headers: import('node:http').IncomingHttpHeaders, body: string, status: number, tag?: string }} Exchange */

export class RecordingProxy {
  /** @type {Exchange[]} in the order of their answers */
  exchanges = [];

  /** @param {string} origin the server's */
  static async start(origin) {
    const proxy = new RecordingProxy(origin);
    proxy.server.listen(0, 'localhost');
    await once(proxy.server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.server.address());
    proxy.origin = `http://localhost:${port}`;
    return proxy;
  }

  /** @param {string} target */
  constructor(target) {
    this.target = target;
    this.origin = '';
    this.server = createServer((asked, answered) => {
      this.pass(asked, answered).catch((error) => answered.destroy(error));
    });
  }

  /** @param {import('node:http').IncomingMessage} asked @param {import('node:http').ServerResponse} answered */
  async pass(asked, answered) {
    const { method = '', url = '', headers } = asked;
    const body = await text(asked);
    const passed = request(new URL(url, this.target), { method, headers }).end(body);
    const [answer] = /** @type {[import('node:http').IncomingMessage]} */ (await once(passed, 'response'));
    const content = await text(answer);
    const status = answer.statusCode ?? 0;
    this.exchanges.push({ method, headers, body, status, tag: answer.headers.etag });
    answered.writeHead(status, answer.headers).end(content);
  }

  /** Waits for the answer to such a request. @param {string} method @param {RegExp} body */
  async answers(method, body) {
    const isIt = (/** @type {Exchange} */ one) => one.method === method && body.test(one.body);
    return until(`the server answers ${method} ${body}`, () => this.exchanges.find(isIt));
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
