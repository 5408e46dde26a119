// Hostile clients. Each attack has a bounded amount. hostile.test.mjs runs them on a thread of their own, so that what
// honest members measure there is the server's delay and not that of the attacker.

import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Duplex } from 'node:stream';
import { connect as connect_tls } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';

import { WebSocket } from 'ws';

/**
 * @typedef {{ port: number, admin: number, room: string, talker: string }} Target
 * @typedef {Record<string, string>} Headers
 */

const MIB = 1_048_576;
/** The address that a proxy would tell of the attacker, so that the bounds of an address hold for it. */
const FROM = { 'X-Forwarded-For': '203.0.113.9' };
/** Addresses of its own for each of several attackers: those of one are cut off by what they send together. @param {number} i */
const from = (i) => ({ 'X-Forwarded-For': `203.0.113.${20 + i}` });
const id = (/** @type {number} */ i) => i.toString(16).padStart(24, 'a');

/** @template T @param {number} count @param {(i: number) => T | Promise<T>} make @returns {Promise<T[]>} */
const times = (count, make) => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

/**
 * Writes a head, and then the same block until so many bytes are written or the server ends the connection.
 * @param {number} port @param {string} head @param {string | Buffer} block @param {number} bytes
 */
async function pour(port, head, block, bytes) {
  const socket = connect(port, '127.0.0.1');
  let open = true;
  socket.on('error', () => {}).on('close', () => (open = false)).resume();
  const closed = once(socket, 'close').catch(() => {});
  socket.write(head);
  for (let sent = 0; open && sent < bytes; sent += block.length) {
    await Promise.race([new Promise((resolve) => socket.write(block, resolve)), closed]);
  }
  socket.destroy();
}

/** @param {Target} at @param {Headers} headers */
async function websocket(at, headers = FROM, path = '/ws') {
  const socket = new WebSocket(`ws://127.0.0.1:${at.port}${path}`, { headers, perMessageDeflate: false });
  socket.on('error', () => {}); // `close` follows
  await new Promise((resolve) => socket.on('open', resolve).on('close', resolve));
  return socket;
}

/**
 * @param {Target} at @param {string} room @param {'talk' | 'watch'} role
 * @param {Headers} headers @param {object} more what it says of itself
 */
async function enter(at, room, role, headers = FROM, more = {}) {
  const socket = await websocket(at, headers);
  if (socket.readyState !== socket.OPEN) return { socket, answer: '' };
  socket.send(JSON.stringify({ type: 'enter', room, role, ...more }));
  const answer = await new Promise((resolve) => socket.once('message', resolve).once('close', resolve));
  return { socket, answer: String(answer) };
}

/**
 * Sends each frame, until all are written or the server closes.
 * @param {WebSocket} socket @param {Iterable<string | object>} frames
 */
async function flood(socket, frames) {
  for (const frame of frames) {
    if (socket.readyState !== socket.OPEN) return;
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    if (socket.bufferedAmount > MIB) await new Promise((resolve) => socket.send(text, resolve));
    else socket.send(text);
  }
  await new Promise((resolve) => socket.ping('', true, resolve));
}

/**
 * Waits until the server has handled all that this member sent, and the member has read the answer.
 * @param {WebSocket} socket
 */
async function answered(socket) {
  socket.send('{"type":"ping"}');
  await new Promise((resolve, reject) => {
    socket.on('message', (data) => String(data).includes('"pong"') && resolve(data));
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
  });
}

/** @template T @param {number} count @param {(i: number) => T} make */
function* series(count, make) {
  for (let i = 0; i < count; ++i) yield make(i);
}

/** Sends a request by HTTP. @param {Target} at @param {string} path @param {string} [body] */
async function ask(at, path, body, headers = FROM) {
  const method = body === undefined ? 'GET' : 'POST';
  const response = await fetch(`http://127.0.0.1:${at.port}${path}`, { method, body, headers });
  return { status: response.status, text: await response.text() };
}

/** Opens a session that polls. @param {Target} at @param {3 | 4} revision */
async function poller(at, revision, headers = FROM) {
  const { text } = await ask(at, `/socket.io/?EIO=${revision}&transport=polling`, undefined, headers);
  const sid = /"sid":"(\w+)"/.exec(text)?.[1];
  return sid && `/socket.io/?EIO=${revision}&transport=polling&sid=${sid}`;
}

/** @param {number} size @param {string} packet */
const payload = (size, packet) => `${packet.length}:${packet}`.repeat(Math.floor(size / (packet.length + 4)));

/** The bytes of a WebSocket's upgrade. @param {string} path */
const upgrade = (path) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX-Forwarded-For: 203.0.113.9\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/**
 * Writes a head and a part of what it announces, and leaves the connection so.
 * @param {Target} at @param {string} head @param {string | Buffer} part
 */
function stop_short(at, head, part) {
  const socket = connect(at.port, '127.0.0.1').resume();
  socket.write(head);
  return new Promise((resolve) => {
    socket.on('error', () => {}).on('close', resolve).write(part, resolve);
  });
}

/** Asks, and reads no more than the beginning of the answer. @param {Target} at @param {string} path */
async function begin_to_read(at, path) {
  const socket = connect(at.port, '127.0.0.1');
  socket.on('error', () => {}).write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n`);
  await new Promise((resolve) => socket.once('readable', resolve).once('close', resolve));
}

/** Frames of a client, with a mask of zeros. @param {number} count @param {number[]} bytes */
const frames = (count, bytes) => Buffer.concat(Array(count).fill(Buffer.from(bytes)));

/** An address of this machine at which the server counts it as a stranger, if it has one. */
const outside = () =>
  Object.values(networkInterfaces()).flat().find((own) => own && !own.internal && own.family === 'IPv4')?.address;

/**
 * What a client of TLS says first.
 * @returns {Promise<Buffer>}
 */
const client_hello = () =>
  new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (bytes, _encoding, done) => (resolve(bytes), done()) });
    connect_tls({ socket, servername: 'localhost' }).on('error', () => {});
  });

/**
 * Connects, writes, and gives true where anything is answered. The connection stays.
 * @param {Target} at @param {string | Buffer} bytes
 */
async function greet(at, bytes) {
  const socket = connect(at.port, outside() ?? '127.0.0.1');
  socket.on('error', () => {}).write(bytes); // `close` follows
  const greeted = await new Promise((resolve) => {
    socket.once('data', () => resolve(true)).once('close', () => resolve(false));
  });
  return { socket: socket.resume(), greeted };
}

/** Encrypted from the beginning to the end by TLS 1.2, which knows renegotiation. @param {Target} at */
async function encrypted(at, host = outside() ?? '127.0.0.1') {
  const socket = connect_tls({ host, port: at.port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  socket.on('error', () => {}).resume(); // `close` follows
  await new Promise((resolve) => socket.on('secureConnect', resolve).on('close', resolve));
  return socket;
}

/**
 * Sends a request of WHIP or WHEP.
 * @param {Target} at @param {'POST' | 'PATCH'} method @param {string} path @param {string} body
 * @param {Record<string, string>} [headers]
 */
async function media(at, method, path, body, headers = FROM) {
  const type = method === 'POST' ? 'application/sdp' : 'application/trickle-ice-sdpfrag';
  const url = new URL(path, `http://127.0.0.1:${at.port}`);
  const response = await fetch(url, { method, body, headers: { ...headers, 'Content-Type': type } });
  await response.text();
  return { status: response.status, path: response.headers.get('Location') };
}

const SDP = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=ice-ufrag:aaaa\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n';

/** @type {Record<string, (at: Target) => Promise<unknown>>} by HTTP and WebSocket */
export const attacks = {
  'bodies and trailers without end': (at) =>
    times(10, async (i) => {
      const port = i % 2 ? at.admin : at.port;
      const path = ['/', '/ws', '/socket.io/?EIO=4&transport=polling', '/metrics', '/qr.svg'][i >> 1];
      for (const method of ['GET', 'POST']) {
        const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\n`;
        const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
        await pour(port, `${chunked}0;`, 'a'.repeat(65_536), 4 * MIB);
        await pour(port, `${chunked}0\r\n`, `x: ${'a'.repeat(1_000)}\r\n`.repeat(64), 4 * MIB);
        await pour(port, chunked, `ffff\r\n${'a'.repeat(65_535)}\r\n`, 4 * MIB);
        await pour(port, `${head}Content-Length: 999999999\r\n\r\n`, 'a'.repeat(65_536), 4 * MIB);
        await pour(port, head, `x: ${'a'.repeat(1_000)}\r\n`.repeat(64), 4 * MIB);
      }
    }),

  'packets that a session echoes and nobody polls': (at) =>
    times(8, async () => {
      for (let i = 0; i < 3; ++i) {
        const path = await poller(at, 3);
        if (!path) return;
        const pings = payload(200_000, i % 2 ? '2' : `42/${'n'.repeat(400)},["x"]`);
        const connects = payload(200_000, `40/${'n'.repeat(400)},`);
        for (let n = 0; n < 10; ++n) {
          if ((await ask(at, path, n % 2 ? pings : connects)).status !== 200) break;
        }
      }
    }),

  'members that are away': async (at) => {
    for (let i = 0; i < 200; ++i) {
      await times(25, async (n) => {
        const { socket } = await enter(at, n % 2 ? at.room : `away-${i}-${n}`, 'watch');
        socket.terminate();
      });
    }
    // Others still get in.
    const other = await enter(at, at.room, 'watch', { 'X-Forwarded-For': '198.51.100.7' });
    if (!other.answer.includes('"welcome"')) throw new Error(`kept out: ${other.answer}`);
  },

  'control frames and empty fragments': (at) =>
    times(6, async (i) => {
      const mask = [0, 0, 0, 0];
      const kinds = [[0x89, 0x80, ...mask], [0x8a, 0x80, ...mask], [0, 0x80, ...mask]];
      const begin = i % 3 === 2 ? Buffer.from([1, 0x80, ...mask]).toString('latin1') : '';
      await pour(at.port, upgrade('/ws') + begin, frames(10_000, kinds[i % 3]), 12 * MIB);
    }),

  'viewers that fill the queue of the talker': (at) =>
    times(4, async (i) => {
      const { socket } = await enter(at, at.room, 'watch');
      socket.pause();
      const text = 'x'.repeat(i % 2 ? 60_000 : 0);
      await flood(socket, series(i % 2 ? 200 : 1_000, () => ({ type: 'talk_request', sendto: at.talker, text })));
    }),

  'mail for a talker who reads late or is away': async (at) => {
    const talks = await enter(at, 'busy', 'talk');
    const { id: talker, resume } = JSON.parse(talks.answer);
    const fill = () =>
      times(4, async (i) => {
        const { socket } = await enter(at, 'busy', 'watch', from(i));
        await flood(socket, series(150, () => ({ type: 'answer', sendto: talker, sdp: 'x'.repeat(60_000) })));
        await answered(socket);
      });
    talks.socket.pause();
    await fill();
    talks.socket.resume();
    await answered(talks.socket);
    for (let i = 0, { socket } = talks; i < 2; ++i) {
      socket.terminate();
      await fill();
      ({ socket } = await enter(at, 'busy', 'talk', FROM, { resume }));
      await answered(socket);
    }
  },

  'a talker that removes members who never were': async (at) => {
    for (let i = 0; i < 3; ++i) {
      const { socket } = await enter(at, `mine-${i}`, 'talk');
      await flood(socket, series(9_000, (n) => ({ type: 'remove_peer', id: id(n + 10_000 * i) })));
      socket.terminate();
    }
  },

  'rooms by the thousand': async (at) => {
    for (let i = 0; i < 30; ++i) {
      await times(50, async (n) => (await enter(at, `${i}-${n}`, 'talk')).socket.terminate());
    }
  },

  'codes for links': (at) =>
    times(8, async (i) => {
      for (let n = 0; n < 100; ++n) await ask(at, `/qr.svg?https://x/${'x'.repeat(300)}${i}-${n}`);
    }),

  'addressees that no peer can have': async (at) => {
    const into_nats = 'a 0\r\n\r\nPUB x 5\r\nhello\r\nPUB q';
    const bad = ['a b', into_nats, '*', '>', '.', '', 'x'.repeat(60_000), '\u0000', { a: 1 }, [['a b']], 7];
    const own = await enter(at, at.room, 'watch');
    await flood(own.socket, series(500, (i) => ({ type: 'talk_request', sendto: bad[i % bad.length] })));
    const talks = await enter(at, 'mine', 'talk');
    await flood(talks.socket, series(500, (i) => ({ type: 'remove_peer', id: bad[i % bad.length] })));
    const socket = await websocket(at, FROM, '/socket.io/?EIO=4&transport=websocket');
    socket.send('40');
    socket.send(`42${JSON.stringify(['enter', at.room])}`);
    const event = (/** @type {number} */ i) => ['message', { type: 'answer', sendto: bad[i % bad.length] }];
    await flood(socket, series(300, (i) => `42${JSON.stringify(event(i))}`));
  },

  'objects that are deep': async (at) => {
    const ended = `{"type":"wave","a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    const deep = ['['.repeat(60_000), '{"a":'.repeat(12_000), ended];
    for (const text of deep) {
      const own = await enter(at, at.room, 'watch');
      await flood(own.socket, series(60, () => text));
      const socket = await websocket(at, FROM, '/socket.io/?EIO=4&transport=websocket');
      socket.send(`40${text}`);
      const other = await websocket(at, FROM, '/socket.io/?EIO=4&transport=websocket');
      other.send('40');
      await flood(other, series(60, () => `42["message",${text}]`));
    }
  },

  'WebSockets of sessions that end': (at) =>
    times(10, async () => {
      for (let i = 0; i < 30; ++i) {
        const path = await poller(at, 4);
        if (!path) return;
        const socket = websocket(at, FROM, path.replace('polling', 'websocket'));
        if (i % 2) await socket;
        await ask(at, path, '1');
        await flood(await socket, ['2probe']);
      }
    }),

  'sessions that there are not': (at) =>
    times(10, async (i) => {
      for (const worker of [0, 3, 4, 99, '18446744073709551616', '-1', '%00']) {
        const path = `/socket.io/?EIO=${3 + (i % 2)}&transport=polling&sid=${id(i)}${worker}`;
        for (let n = 0; n < 3; ++n) {
          await ask(at, path, 'x'.repeat(100_000));
          await ask(at, path);
          (await websocket(at, FROM, path.replace('polling', 'websocket'))).terminate();
        }
      }
    }),

  'deep JSON of newcomers': (at) =>
    times(20, async (i) => {
      const text = i % 2 ? '['.repeat(60_000) : `{"type":"enter","a":[${'[],'.repeat(19_000)}1]}`;
      await flood(await websocket(at), series(100, () => text));
    }),

  'sessions that poll, each under its bound': (at) =>
    times(10, async () => {
      for (let i = 0; i < 20; ++i) {
        const path = await poller(at, 3);
        for (let n = 0; path && n < 4; ++n) await ask(at, path, `60001:2${'x'.repeat(60_000)}`.repeat(4));
      }
    }),

  'bodies that stop before their end': async (at) => {
    const known = await poller(at, 4);
    const path = (/** @type {number} */ i) => (i % 2 && known) || '/socket.io/?EIO=4&transport=polling&sid=x';
    const head = (/** @type {number} */ i) => `POST ${path(i)} HTTP/1.1\r\nHost: x\r\nContent-Length: 262144\r\n`;
    await times(600, (i) => stop_short(at, `${head(i)}X-Forwarded-For: 203.0.113.9\r\n\r\n`, 'a'.repeat(262_000)));
  },

  'messages that stop before their end': (at) => {
    const begun = Buffer.from([1, 0xfe, 0xff, 0xf0, 0, 0, 0, 0]);
    return times(950, () => stop_short(at, upgrade('/ws'), Buffer.concat([begun, Buffer.alloc(65_000, 97)])));
  },

  'socket.io clients that change rooms': (at) =>
    times(200, async (i) => {
      const socket = await websocket(at, FROM, '/socket.io/?EIO=4&transport=websocket');
      socket.send('40');
      await flood(socket, series(1_500, (n) => `42["enter","${n % 2 ? at.room : `x${i}`}"]`));
    }),

  'upgraded sessions on another thread': (at) =>
    times(8, async () => {
      const path = await poller(at, 4);
      if (!path) return;
      await ask(at, path, '40');
      const socket = await websocket(at, FROM, path.replace('polling', 'websocket'));
      socket.send('2probe');
      await once(socket, 'message');
      socket.send('5');
      const event = `42["message",{"type":"answer","a":[${'[],'.repeat(20_000)}1]}]`;
      await flood(socket, series(1_200, () => event));
    }),

  'frames kept for members that are away': (at) =>
    times(8, async (k) => {
      const talks = await enter(at, `kept-${k}`, 'talk', from(k));
      const ids = await times(60, async () => {
        const { socket, answer } = await enter(at, `kept-${k}`, 'watch', from(k));
        socket.terminate();
        return JSON.parse(answer).id;
      });
      const text = 'x'.repeat(60_000);
      await flood(talks.socket, series(500, (i) => ({ type: 'wave', sendto: ids[i % 60], text })));
      await answered(talks.socket);
    }),

  'answers to polls that nobody reads': (at) =>
    times(20, async () => {
      const path = await poller(at, 3);
      for (let round = 0; path && round < 8; ++round) {
        for (let n = 0; n < 4; ++n) await ask(at, path, `60001:2${'x'.repeat(60_000)}`.repeat(4));
        await begin_to_read(at, path);
      }
    }),

  'answers that nobody reads': (at) =>
    times(100, async (i) => {
      const { socket } = await enter(at, `unread-${i}`, 'watch');
      socket.pause();
      await flood(socket, series(9_000, () => '{"type":1}'));
    }),

  'pings after the cut': (at) =>
    pour(at.port, upgrade('/ws'), frames(40_000, [0x89, 0x80, 0, 0, 0, 0]), 600 * MIB),
};

/** @type {typeof attacks} with a media server, by WHIP and WHEP */
export const media_attacks = {
  'encoders that send nothing': async (at) => {
    await times(8, async (i) => {
      for (let n = 0; n < 60; ++n) await media(at, 'POST', `/whip/${n % 5 ? `silent-${i}-${n}` : at.room}`, SDP);
    });
    // Others still get in.
    const other = await media(at, 'POST', '/whip/other', SDP, { 'X-Forwarded-For': '198.51.100.7' });
    if (other.status !== 201) throw new Error(`kept out: ${other.status}`);
  },

  'fragments without end': async (at) => {
    const { path } = await media(at, 'POST', '/whip/mine', SDP);
    if (!path) throw new Error('no encoder got in');
    const candidates = `a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n`.repeat(600);
    const restart = 'a=ice-ufrag:bbbb\r\na=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb\r\n';
    await times(8, async (i) => {
      for (let n = 0; n < 150; ++n) {
        const to = i % 4 === 3 ? `/whip/mine/${id(n)}` : path;
        await media(at, 'PATCH', to, n % 2 ? candidates : restart, { ...FROM, 'If-Match': '*' });
      }
    });
  },

  'descriptions as long as they may be, and longer': (at) =>
    times(8, async (i) => {
      for (let n = 0; n < 40; ++n) {
        const long = SDP + 'a=x\r\n'.repeat(n % 2 ? 6_500 : 600_000);
        const posted = media(at, 'POST', `/${i % 2 ? 'whip' : 'whep'}/long-${i}-${n}`, long);
        await posted.catch(() => {}); // the server does not read what is too long
      }
    }),
};

/** @type {typeof attacks} of a server with a certificate */
export const tls_attacks = {
  'handshakes in a loop': async (at) => {
    const hello = await client_hello();
    const isCounted = outside() !== undefined;
    // Until each was refused often: how soon that is, the speed of the machine decides. A proxy is never refused.
    await times(8, async () => {
      let refused = 0;
      for (let n = 0; n < 300 || (isCounted && refused < 100); ++n) {
        if (n === 3_000) throw new Error('as many handshakes as one likes');
        const { socket, greeted } = await greet(at, hello);
        socket.destroy();
        refused += greeted ? 0 : 1;
      }
    });
  },

  'handshakes that stop': async (at) => {
    const hello = await client_hello();
    await times(900, (i) => stop_short(at, '', i % 3 ? hello : hello.subarray(0, 4 + i / 3)));
    // Others still get in.
    await times(10, async () => {
      const socket = await encrypted(at, '127.0.0.1');
      if (socket.destroyed) throw new Error('kept out');
      socket.destroy();
    });
  },

  'pages by TLS, and then nothing': (at) =>
    times(900, async () => {
      const socket = await encrypted(at);
      socket.write('GET /watch.html HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
    }),

  'renegotiation, and records that are small or too long': (at) =>
    times(8, async (i) => {
      for (let n = 0; n < 5; ++n) {
        const socket = await encrypted(at);
        const renegotiated = await new Promise((resolve) => {
          socket.once('close', () => resolve(false));
          if (!socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(!error))) resolve(false);
        });
        if (renegotiated) throw new Error('renegotiated');
        socket.destroy();
        const tiny = await encrypted(at);
        for (let bytes = 0; bytes < 2_000 && !tiny.destroyed; ++bytes) tiny.write('a');
        await new Promise((resolve) => tiny.write('a', resolve));
        tiny.destroy();
      }
      await pour(at.port, '', Buffer.from([22, 3, 1, 0xff, 0xff, ...Buffer.alloc(65_531, i)]), 4 * MIB);
    }),
};

if (parentPort) {
  const { name, at } = workerData;
  await { ...attacks, ...media_attacks, ...tls_attacks }[name](at);
  parentPort.postMessage('done');
}
