// The forwarders that are compared: ours, with its server, and Janus.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Server, until } from '../../e2e/support.mjs';
import { setting } from '../../setting.mjs';
import { Janus, janusProgram } from './janus.mjs';
import { pid_of, start, stop } from './processes.mjs';

/**
 * @typedef {object} Contestant a forwarder that runs
 * @property {number} pid its process
 * @property {string[]} load how onair_light_viewers reaches it
 * @property {import('./page.mjs').Way} way how a page does
 * @property {() => Promise<void>} stop
 */

export const room = 'bench';

/** @returns {Promise<Contestant>} */
async function startOnair() {
  const folder = mkdtempSync(join(tmpdir(), 'onair-bench-'));
  const control = join(folder, 'forwarder');
  const forwarder = start('measured', join(dirname(setting('ONAIR_SERVER')), 'onair-forwarder'), [
    ...['--media-port', '0', '--control', control, '--log-level', 'warn'],
  ]);
  await until('the forwarder has started', () => existsSync(control));
  // More viewers than a room has by default. Of what one address may do nothing is changed: the viewers have many.
  const server = await Server.start(
    ...['--forwarder', control, '--state-dir', folder, '--threads', '1', '--log-level', 'warn'],
    ...['--max-peers-per-room', '20000'],
  );
  await until('the server has found the forwarder', async () => {
    const response = await fetch(`${server.origin}/whep/${room}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: 'v=0\r\n',
    });
    return response.status !== 503;
  });
  return {
    pid: pid_of(forwarder),
    load: ['--host', '127.0.0.1', '--port', String(server.port)],
    way: { kind: 'onair', room },
    async stop() {
      await server.stop();
      await stop(forwarder);
      rmSync(folder, { recursive: true });
    },
  };
}

/** @returns {Promise<Contestant>} */
async function startJanus() {
  const janus = await Janus.start();
  return {
    pid: janus.pid,
    load: ['--host', '127.0.0.1', '--port', String(janus.shimPort), '--server-offers'],
    way: { kind: 'janus', url: janus.url, room: janus.room, feed: janus.feed },
    stop: () => janus.stop(),
  };
}

/** @typedef {'onair' | 'Janus'} Name */

/** @type {Record<Name, () => Promise<Contestant>>} */
export const starts = { onair: startOnair, Janus: startJanus };

/** @type {Name[]} */
export const names = janusProgram ? ['onair', 'Janus'] : ['onair'];
