// Tests the server as a process: its start, its reaction to signals, and its survival without
// file descriptors. With ONAIR_SERVER and ONAIR_SITE set as by scripts/test.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import tls from 'node:tls';

import { WebSocket } from 'ws';

import { closing, hasIpv6, program, Server, site } from './server.mjs';

/**
 * @param {string} url
 * @param {https.RequestOptions} options
 */
async function get(url, options = {}) {
  const module = url.startsWith('https') ? https : http;
  const [response] = await once(module.get(url, { agent: false, ...options }), 'response');
  let body = '';
  for await (const part of response) body += part;
  return { status: response.statusCode, headers: response.headers, body };
}

test('closes clients with 1012 on SIGTERM and ends with 0', async (t) => {
  const server = new Server(t);
  const socket = new WebSocket(`ws://127.0.0.1:${await server.port()}/ws`);
  await once(socket, 'open');
  const closed = closing(socket);
  server.child.kill('SIGTERM');
  assert.equal((await closed)[0], 1012);
  assert.deepEqual(await server.exited, [0, null]);
  await server.logged(/event=stopped clients_left=0/);
});

test('answers at localhost, whichever address a program takes that for', async (t) => {
  const server = new Server(t, [], { address: null });
  const port = await server.port();
  for (const host of ['127.0.0.1', 'localhost', ...(hasIpv6 ? ['[::1]'] : [])]) {
    const socket = new WebSocket(`ws://${host}:${port}/ws`, { origin: `http://${host}:${port}` });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    assert.equal((await get(`http://${host}:${port}/healthz`)).status, 200, host);
  }
});

test('allows the one inline script of each page, and no other', async (t) => {
  const server = new Server(t);
  const origin = `http://127.0.0.1:${await server.port()}`;
  for (const page of ['', 'talk.html', 'watch.html', 'check.html']) {
    const { headers, body } = await get(`${origin}/${page}`);
    const scripts = [...body.matchAll(/<script>(.*?)<\/script>/gs)];
    const hashes = scripts.map(([, code]) => createHash('sha256').update(code).digest('base64'));
    assert.equal(hashes.length, 1, page);
    const allowed = [...headers['content-security-policy'].matchAll(/'sha256-([^']+)'/g)].map(([, hash]) => hash);
    assert.deepEqual(allowed, hashes, page);
  }
});

test('ends at once on a second SIGTERM', async (t) => {
  const server = new Server(t, ['--drain-timeout', '600']);
  const stubborn = connect(await server.port(), '127.0.0.1');
  t.after(() => stubborn.destroy());
  stubborn.write(
    'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(stubborn, 'data');
  server.child.kill('SIGTERM');
  await server.logged(/event=draining/);
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.exited, [0, null]);
});

test('survives without file descriptors, reports it, and recovers', async (t) => {
  const server = new Server(t, ['--threads', '1'], { descriptors: 24 });
  const port = await server.port();
  const member = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await once(member, 'open');
  member.send('{"type":"enter","room":"a","role":"watch"}');
  assert.equal(JSON.parse((await once(member, 'message'))[0]).type, 'welcome');

  const crowd = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
  await Promise.all(crowd.map((socket) => once(socket, 'connect')));
  await server.logged(/event=accept_failed/);
  member.send('{"type":"ping"}');
  assert.equal(JSON.parse((await once(member, 'message'))[0]).type, 'pong');

  crowd.forEach((socket) => socket.destroy());
  await server.logged(/event=accepting_again/);
  assert.equal((await get(`http://127.0.0.1:${port}/healthz`)).status, 200);
  member.terminate();
});

/** The addresses of this machine that a certificate for a while can name. */
function own_addresses() {
  const { stdout } = spawnSync('ip', ['-json', 'address', 'show', 'up', 'scope', 'global'], { encoding: 'utf8' });
  /** @type {{ addr_info?: { local: string, temporary?: boolean, deprecated?: boolean }[] }[]} */
  const links = JSON.parse(stdout);
  return links.flatMap(({ addr_info }) =>
    (addr_info ?? []).filter((each) => each.local && !each.temporary && !each.deprecated).map(({ local }) => local),
  );
}

test('serves phones in the network with a self-signed certificate', async (t) => {
  const server = new Server(t, ['--tls-self-signed']);
  const port = await server.port();
  assert.match(server.output, /https:\/\/localhost/);
  await server.logged(/Browsers will warn/);
  const ca = readFileSync(join(server.folder, 'self-signed.pem'));
  const certificate = new X509Certificate(ca);
  for (const name of ['localhost', hostname(), `${hostname().split('.')[0]}.local`]) {
    assert.ok(certificate.checkHost(name), name);
  }
  for (const address of ['127.0.0.1', '::1', ...own_addresses()]) assert.ok(certificate.checkIP(address), address);
  const page = await get(`https://localhost:${port}/talk.html`, { ca, lookup: to_loopback });
  assert.equal(page.status, 200);
  const moved = await get(`http://127.0.0.1:${port}/talk.html?lesson`, { headers: { Host: `localhost:${port}` } });
  assert.equal(moved.status, 308);
  assert.equal(moved.headers.location, `https://localhost:${port}/talk.html?lesson`);
});

test('reads the certificate again on SIGHUP and drops nobody', async (t) => {
  const [first, second] = [make_certificate(t), make_certificate(t)];
  const server = new Server(t, ['--tls-cert', first.cert, '--tls-key', first.key]);
  const port = await server.port();
  const socket = new WebSocket(`wss://localhost:${port}/ws`, {
    ca: readFileSync(first.cert), lookup: to_loopback,
  });
  await once(socket, 'open');
  const fingerprint = async () => {
    const connection = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(connection, 'secureConnect');
    const { fingerprint256 } = connection.getPeerCertificate();
    connection.destroy();
    return fingerprint256;
  };
  const before = await fingerprint();
  writeFileSync(first.cert, readFileSync(second.cert));
  writeFileSync(first.key, readFileSync(second.key));
  server.child.kill('SIGHUP');
  await server.logged(/event=certificate_reloaded/);
  assert.notEqual(await fingerprint(), before);
  socket.send('{"type":"enter","room":"a","role":"watch"}');
  assert.equal(JSON.parse((await once(socket, 'message'))[0]).type, 'welcome');
  writeFileSync(first.cert, 'broken');
  server.child.kill('SIGHUP');
  await server.logged(/event=certificate_kept/);
  assert.notEqual(await fingerprint(), before);
  socket.terminate();
});

test('reports an error at the start in one line', async (t) => {
  const taken = new Server(t);
  const port = String(await taken.port());
  const folder = mkdtempSync(join(tmpdir(), 'onair-wrong-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o700);
  const common = ['--state-dir', folder, '--web', site, '--port', '0'];
  /** @type {[options: string[], expected: RegExp][]} */
  const mistakes = [
    [['--prot', '1'], /--help/],
    [[...common, '--web', '/nowhere'], /--web/],
    [[...common, '--port', port], /--port/],
    [[...common, '--address', 'here'], /--address: "here" is no address/],
    [[...common, '--socketio-client', '/nowhere'], /\/nowhere.*--socketio-client/],
    [[...common, '--tls-cert', '/nowhere', '--tls-key', '/nowhere'], /PEM/],
    [[...common, '--allow-origin', 'school.example'], /--allow-origin: "school\.example" is no origin/],
    [[...common, '--trusted-proxy', 'proxy'], /--trusted-proxy proxy/],
    [[...common, '--resume-secret', 'shared-by-all'], /--resume-secret can be guessed.* openssl rand/],
    [[...common, '--admin-port', '0', '--admin-key', 'fifteen letters'], /--admin-key can be guessed/],
    [[...common, '--auth', 'all', '--auth-secret', 'short'], /--auth-secret can be guessed/],
  ];
  for (const [options, expected] of mistakes) {
    const { status, stderr } = spawnSync(program, options, { encoding: 'utf8' });
    assert.notEqual(status, 0, options.join(' '));
    assert.match(stderr, expected);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});

test('logs no address, room or message', async (t) => {
  const server = new Server(t, ['--max-send-queue-bytes', '65536', '--threads', '2']);
  const port = await server.port();
  const logged_at_start = server.output.length;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await once(socket, 'open');
  socket.send('{"type":"enter","room":"secret-room","role":"talk"}');
  await once(socket, 'message');
  socket.send('{"type":"offer","sendto":"nobody","sdp":"secret-sdp"}');
  await once(socket, 'message');
  socket.terminate();
  server.child.kill('SIGTERM');
  await server.exited;
  const log = server.output.slice(logged_at_start);
  assert.match(log, /^time=\S+ level=info event=draining$/m);
  assert.doesNotMatch(log, /secret|127\.0\.0\.1/);
});

/** @type {import('node:net').LookupFunction} */
function to_loopback(_name, options, done) {
  if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
}

/** @param {import('node:test').TestContext} t */
function make_certificate(t) {
  const folder = mkdtempSync(join(tmpdir(), 'onair-cert-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = spawnSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { cert, key };
}

test('replaces a forwarder of another version', async (t) => {
  const folder = Server.makeFolder();
  // Such a one was left by a server that was killed, before the packages were upgraded.
  const other = spawn(process.execPath, ['-e', `
    require('node:net').createServer((server) => {
      server.on('error', () => {});
      server.on('data', () => server.write('{"id":1,"error":"bad_version","message":"Not spoken here."}\\n'));
    }).listen(process.argv[1], () => console.log('listens'));`, join(folder, 'forwarder.sock')], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => other.kill('SIGKILL'));
  const ended = once(other, 'exit');
  await once(other.stdout, 'data');
  const server = new Server(t, ['--forwarder', 'auto', '--media-port', '0', '--media-address', '127.0.0.1'], { folder });
  await server.logged(/event=forwarder_found/);
  await server.logged(/event=forwarder_mismatched action=replace/);
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  await server.logged(/event=forwarder_connected/);
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.exited, [0, null]);
});

test('a second server of one folder leaves the forwarder to the first, until that ends', async (t) => {
  const media = ['--forwarder', 'auto', '--media-port', '0', '--media-address', '127.0.0.1'];
  const folder = Server.makeFolder();
  const start = () => new Server(t, media, { folder });
  const first = start();
  await first.logged(/event=forwarder_connected/);
  const second = start();
  await second.logged(/event=forwarder_in_use .*--state-dir and a --media-port of its own/);
  second.child.kill('SIGTERM');
  assert.deepEqual(await second.exited, [0, null]);
  const third = start();
  await third.logged(/event=forwarder_in_use/);
  assert.doesNotMatch(first.output, /forwarder_lost/);
  first.child.kill('SIGTERM');
  assert.deepEqual(await first.exited, [0, null]);
  await third.logged(/event=forwarder_connected/);
  third.child.kill('SIGTERM');
  assert.deepEqual(await third.exited, [0, null]);
});

/** What a browser offers: sound alone, over a connection that never comes up. */
const offerOfSound = [
  'v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=sendonly', 'a=rtcp-mux',
  'a=ice-ufrag:page', 'a=ice-pwd:0123456789abcdef0123456789', 'a=setup:actpass',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=rtpmap:111 opus/48000/2', '',
].join('\r\n');

test('sends the viewers of its forwarder to the talker before both end', { timeout: 30_000 }, async (t) => {
  const server = new Server(t, ['--threads', '2', '--forwarder', 'auto', '--media-port', '0', '--media-address', '127.0.0.1']);
  await server.logged(/event=forwarder_connected/);
  const url = `ws://127.0.0.1:${await server.port()}/ws`;
  /** @param {'talk' | 'watch'} role */
  const enter = async (role) => {
    const socket = new WebSocket(url);
    /** @type {Record<string, string>[]} */
    const messages = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    await once(socket, 'open');
    /** @type {(message: object) => void} */
    const send = (message) => socket.send(JSON.stringify(message));
    /** @param {string} type */
    const next = async (type) => {
      for (;;) {
        const index = messages.findIndex((message) => message.type === type);
        if (index >= 0) return messages.splice(index, 1)[0];
        await once(socket, 'message');
      }
    };
    send({ type: 'enter', room: 'lesson', role });
    return { send, next, closed: closing(socket), id: (await next('welcome')).id };
  };
  const talker = await enter('talk');
  talker.send({ type: 'talk_ready' });
  talker.send({ type: 'use_forwarder', on: true });
  const { from } = await talker.next('talk_request');
  talker.send({ type: 'offer', sendto: from, sdp: offerOfSound });
  await talker.next('answer');
  const viewer = await enter('watch');
  viewer.send({ type: 'talk_request', sendto: from });
  await viewer.next('offer');

  server.child.kill('SIGTERM');
  assert.equal((await viewer.next('end_talk')).from, from);
  assert.equal((await talker.next('bye')).from, from);
  assert.deepEqual([await viewer.closed, await talker.closed], [[1012], [1012]]);
  assert.deepEqual(await server.exited, [0, null]);
});

test('says which options of the forwarder have no effect', async (t) => {
  const server = new Server(t, ['--forwarder', '/nowhere/control.sock', '--media-port', '9200', '--media-address', '192.0.2.1']);
  await server.logged(/event=option_without_effect option=media-port/);
  await server.logged(/event=option_without_effect option=media-address/);
});

test('mints a token that opens a room, and shows and ends the room', async (t) => {
  const server = new Server(t, ['--auth', 'all', '--admin-port', '0']);
  const port = await server.port();
  const [, hint] = await server.logged(/Only those with a token get in:\n {2}(.* --url .*)\n/);
  assert.equal(hint, `${program} --state-dir ${server.folder} token --room NAME --role talk|watch --url http://localhost:${port}`);
  const [, adminPort] = await server.logged(/127\.0\.0\.1:(\d+)\/metrics/);
  /** @param {string[]} words */
  const run = (...words) =>
    spawnSync(program, ['--state-dir', server.folder, '--admin-port', adminPort, ...words], {
      encoding: 'utf8',
    });
  assert.equal(run('rooms').stdout, 'Nobody is in any room.\n');
  const minted = run('token', '--room', '教室 1', '--role', 'watch', '--ttl', '2h', '--name', '花子', '--port', '9123');
  const [token, link] = minted.stdout.trim().split('\n');
  assert.equal(link, `http://localhost:9123/watch.html?%E6%95%99%E5%AE%A4%201#token=${token}`);
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  assert.deepEqual({ ...claims, exp: 0 }, { room: '教室 1', role: 'watch', name: '花子', exp: 0 });
  assert.ok(Math.abs(claims.exp - Date.now() / 1000 - 7200) < 60);

  const enter = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await once(socket, 'open');
    const first_message = once(socket, 'message');
    socket.send(JSON.stringify({ type: 'enter', room: '教室 1', role: 'watch', token }));
    return { socket, welcome: JSON.parse((await first_message)[0]), closed: closing(socket) };
  };
  const [one, other] = [await enter(), await enter()];
  assert.equal(one.welcome.name, '花子');
  assert.match(run('rooms').stdout, /^-  +-  +0 +2 +教室 1$/m);
  assert.match(run('rooms', '教室 1').stdout, new RegExp(`^${one.welcome.id} +watch +here +花子$`, 'm'));
  assert.equal(run('rooms', '教室 1', '--remove', one.welcome.id).status, 0);
  assert.equal((await one.closed)[0], 4002);
  assert.equal(run('rooms', '教室 1', '--end').status, 0);
  assert.equal((await other.closed)[0], 4003);
  const gone = run('rooms', '教室 1', '--end');
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /^onair-server: There is no such room/);
});

test('reports an error of token and rooms in one line', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'onair-words-'));
  t.after(() => rmSync(folder, { recursive: true }));
  /** @type {[words: string[], sentence: RegExp][]} */
  const mistakes = [
    [['token', '--room', 'lesson'], /--role is required/],
    [['token', '--room', 'lesson', '--role', 'king'], /--role/],
    [['token', '--room', '', '--role', 'talk'], /--room must/],
    [['token', '--room', 'lesson', '--role', 'talk', '--ttl', 'soon'], /--ttl/],
    [['rooms'], /--admin-port/],
    [['rooms', '--end', '--admin-port', '1'], /the name of a room/],
    [['rooms', '--admin-port', '1'], /No server answers on port 1/],
    [['--auth', 'some'], /--auth/],
    [['--auth', 'all', '--auth-public-key', program], /--auth-public-key must be a PEM file/],
  ];
  for (const [words, sentence] of mistakes) {
    const { status, stderr, stdout } = spawnSync(
      program,
      ['--state-dir', folder, '--web', site, ...words],
      { encoding: 'utf8' },
    );
    assert.equal(status, 1, words.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, sentence, words.join(' '));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});
