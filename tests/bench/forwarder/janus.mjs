// Janus's VideoRoom with one event loop, and WHIP and WHEP before it for light peers.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { WebSocket } from 'ws';

import { until } from '../../e2e/support.mjs';
import { freePort } from '../../process/nats.mjs';
import { JanusSession } from './janus_session.mjs';
import { pid_of, start, stop } from './processes.mjs';

/** Where Debian has it; undefined: it is not installed. */
export const janusProgram = ['/usr/bin/janus'].find((path) => existsSync(path));

// Node's WebSocket is used like a browser's, but has other types.
const Socket = /** @type {import('./janus_session.mjs').Socket} */ (/** @type {unknown} */ (WebSocket));
const room = 1;
const feed = 1;

/**
 * As in the handbook but for one event loop, and ICE-lite, which is our forwarder's way too.
 * @param {string} folder
 * @param {number} port
 */
function configure(folder, port) {
  mkdirSync(folder, { recursive: true });
  const write = (/** @type {string} */ name, /** @type {string} */ content) => writeFileSync(join(folder, name), content);
  write(
    'janus.jcfg',
    `general: { event_loops = 1; debug_level = 2; session_timeout = 600; }
nat: { ice_lite = true; }
plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so"; }
transports: { disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so"; }
`,
  );
  write(
    'janus.transport.websockets.jcfg',
    `general: { json = "compact"; ws = true; ws_port = ${port}; ws_ip = "127.0.0.1"; wss = false; }\nadmin: { admin_ws = false; }\n`,
  );
  write(
    'janus.plugin.videoroom.jcfg',
    `general: { }
room-${room}: { description = "bench"; publishers = 1; fir_freq = 0; audiocodec = "opus"; videocodec = "vp8"; notify_joining = false; }
`,
  );
}

/**
 * With its length, which light peers look for.
 * @param {import('node:http').ServerResponse} response
 * @param {string} description
 * @param {Record<string, string>} headers
 */
function created(response, description, headers = {}) {
  const length = Buffer.byteLength(description);
  response.writeHead(201, { 'Content-Type': 'application/sdp', 'Content-Length': length, ...headers }).end(description);
}

/** WHIP, and WHEP of the kind where the server offers: POST gives the offer, PATCH takes the answer. */
class Shim {
  /** @param {JanusSession} session */
  constructor(session) {
    this.session = session;
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((/** @type {Error} */ error) => {
        response.writeHead(500).end(error.message);
      });
    });
    this.keeping = setInterval(() => {
      session.keepAlive().catch(() => {}); // its end is seen by whoever asks next
    }, 25_000);
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve(undefined)));
    return /** @type {import('node:net').AddressInfo} */ (this.server.address()).port;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async serve(request, response) {
    const body = await text(request);
    const [, kind, , handle] = String(request.url).split('/');
    if (request.method === 'PATCH') {
      await this.session.start(Number(handle), { sdp: body, trickle: false });
      response.writeHead(204).end();
      return;
    }
    const added = await this.session.attach();
    if (kind === 'whip') {
      await this.session.ask(added, { request: 'join', ptype: 'publisher', room, id: feed });
      created(response, await this.session.publish(added, { sdp: body, trickle: false }));
    } else {
      const offer = await this.session.subscribe(added, room, feed);
      created(response, offer, { Location: `/whep/${room}/${added}` });
    }
  }

  close() {
    clearInterval(this.keeping);
    this.server.close();
    this.session.close();
  }
}

export class Janus {
  room = room;
  feed = feed;

  /**
   * @param {string} folder
   * @param {import('./processes.mjs').Child} child
   * @param {string} url
   * @param {Shim} shim
   * @param {number} shimPort
   */
  constructor(folder, child, url, shim, shimPort) {
    this.folder = folder;
    this.child = child;
    this.pid = pid_of(child);
    this.url = url;
    this.shim = shim;
    this.shimPort = shimPort;
  }

  static async start() {
    const folder = mkdtempSync(join(tmpdir(), 'onair-bench-janus-'));
    const port = await freePort();
    configure(folder, port);
    const child = start('measured', String(janusProgram), ['-F', folder], ['ignore', 'ignore', 'ignore']);
    const url = `ws://127.0.0.1:${port}`;
    const session = await until('Janus has started', () => JanusSession.open(url, Socket).catch(() => null));
    const shim = new Shim(session);
    return new Janus(folder, child, url, shim, await shim.listen());
  }

  async stop() {
    this.shim.close();
    await stop(this.child);
    rmSync(this.folder, { recursive: true });
  }
}
