// Tests the files of server/examples with other ports and names: proxies in front of the server, and a coturn that
// accepts the server's credentials. Debian has no Traefik, so its file is only read. With ONAIR_SERVER and ONAIR_SITE set as
// by scripts/test.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

import { freePort } from './nats.mjs';
import { hasIpv6, Server } from './server.mjs';

/** @typedef {import('node:test').TestContext} TestContext */

/** @param {string} name */
const example = (name) => readFileSync(new URL(`../../server/examples/${name}`, import.meta.url), 'utf8');

/**
 * Replaces each [what, instead] in a text; each must occur there.
 * @param {string} text
 * @param {[what: string, instead: string][]} changes
 */
function adapted(text, ...changes) {
  return changes.reduce((result, [what, instead]) => {
    assert.ok(result.includes(what), what);
    return result.replaceAll(what, instead);
  }, text);
}

/**
 * Starts a program that ends with the test, and waits until it listens. Fails with its own words where it ends before.
 * @param {TestContext} t
 * @param {number} port
 * @param {string} command
 * @param {string[]} options
 */
async function start(t, port, command, ...options) {
  const child = spawn(command, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += chunk));
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  while (!t.signal.aborted) {
    if (child.exitCode !== null) assert.fail(`${command} ended: ${words}`);
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(() => true, () => false);
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @param {TestContext} t */
function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), 'onair-example-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @typedef {{ folder: string, server: string, port: number, certificate: string, key: string }} Site */

/** @type {Record<string, (t: TestContext, site: Site) => Promise<void>>} */
const proxies = {
  nginx(t, { folder, server, port, certificate, key }) {
    const site = adapted(
      example('nginx.conf'),
      ['127.0.0.1:9001', server],
      ['listen 443', `listen 127.0.0.1:${port}`],
      hasIpv6 ? ['listen [::]:443', `listen [::1]:${port}`] : ['listen [::]:443 ssl http2;', ''],
      ['/etc/letsencrypt/live/onair.example/fullchain.pem', certificate],
      ['/etc/letsencrypt/live/onair.example/privkey.pem', key],
    );
    mkdirSync(join(folder, 'tmp'));
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/tmp/${name};`);
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${paths.join(' ')} ${site} }`,
    );
    return start(t, port, 'nginx', '-p', folder, '-c', join(folder, 'nginx.conf'));
  },

  Caddy(t, { folder, server, port, certificate, key }) {
    const site = adapted(
      example('Caddyfile'),
      ['127.0.0.1:9001', server],
      ['onair.example {', `https://localhost:${port} {\n\tbind localhost\n\ttls ${certificate} ${key}`],
    );
    const options = '{\n\tadmin off\n\tauto_https disable_redirects\n}\n';
    writeFileSync(join(folder, 'Caddyfile'), options + site);
    return start(t, port, 'env', `HOME=${folder}`, 'caddy', 'run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile'));
  },
};

for (const [name, serve] of Object.entries(proxies)) {
  test(`serves pages and sockets behind ${name}, and counts the client’s own address`, { timeout: 60_000 }, async (t) => {
    const folder = folderOf(t);
    const server = new Server(t, ['--max-peers-per-address', '2']);
    const port = await freePort();
    const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync('openssl', [...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'], ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate]], { stdio: 'pipe' });
    await serve(t, { folder, server: `127.0.0.1:${await server.port()}`, port, certificate, key });
    await serves(t, port);
  });
}

/**
 * Asks a proxy before a server that takes two clients of an address.
 * @param {TestContext} t
 * @param {number} port
 */
async function serves(t, port) {
  const options = { rejectUnauthorized: false, agent: false };
  const [page] = await once(https.get(`https://localhost:${port}/watch.html`, options), 'response');
  assert.equal(page.statusCode, 200);
  assert.match(page.headers['content-security-policy'], /default-src 'none'/);
  page.resume();

  const status = async (/** @type {string} */ path, headers = {}) => {
    const [response] = await once(https.get(`https://localhost:${port}${path}`, { ...options, headers }), 'response');
    response.resume();
    return response.statusCode;
  };
  const open = async (headers = {}) => {
    const socket = new WebSocket(`wss://localhost:${port}/ws`, { ...options, origin: `https://localhost:${port}`, headers });
    t.after(() => socket.terminate());
    return Promise.race([
      once(socket, 'open').then(() => socket),
      once(socket, 'unexpected-response').then(([, response]) => response.statusCode),
    ]);
  };
  const first = await open();
  const first_message = once(first, 'message');
  first.send('{"type":"enter","room":"lesson","role":"watch"}');
  assert.equal(JSON.parse((await first_message)[0]).type, 'welcome');
  assert.equal((await open()).readyState, WebSocket.OPEN);
  assert.equal(await open(), 429, 'the third from the same address');
  assert.equal(await open({ 'X-Forwarded-For': '192.0.2.7' }), 429, 'the proxy replaces the client’s own header');
  for (const path of ['/ws', '/socket.io/?EIO=4&transport=polling', '/socket.io?EIO=4&transport=polling']) {
    const headers = { 'X-Forwarded-For': '192.0.2.7', Forwarded: 'for=192.0.2.7' };
    assert.equal(await status(path, headers), path === '/ws' ? 426 : 429, `${path} counts by the address that the proxy sees`);
  }
  first.terminate();
  const client = io(`https://localhost:${port}/`, { rejectUnauthorized: false, forceNew: true });
  t.after(() => client.close());
  // Either may come first: the server's answer goes by polling or by the new WebSocket.
  await Promise.all([
    new Promise((resolve) => client.io.engine.once('upgrade', resolve)),
    new Promise((resolve) => client.once('connect', () => resolve(undefined))),
  ]);
}

/**
 * @typedef {{ service: string, middlewares: string[] }} Router
 * @typedef {{ loadBalancer: { servers: { url: string }[] } }} Service
 * @typedef {{ headers: { customRequestHeaders: Record<string, unknown> } }} Middleware
 * @typedef {{ routers: Record<string, Router>, services: Record<string, Service>, middlewares: Record<string, Middleware> }} Traefik
 */

test('the parts of Traefik’s file name each other, and it takes one header of a client away', () => {
  const script = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  const file = JSON.parse(execFileSync('python3', ['-c', script], { input: example('traefik.yml'), encoding: 'utf8' }));
  /** @type {Traefik} */
  const { routers, services, middlewares } = file.http;
  const used = Object.values(routers);
  assert.ok(used.length > 0);
  // Traefik leaves a router out whose service or middleware it does not know, and says so in its log alone.
  assert.deepEqual(used.map(({ service }) => service).sort(), Object.keys(services).sort());
  assert.deepEqual(used.flatMap((router) => router.middlewares).sort(), Object.keys(middlewares).sort());
  const servers = Object.values(services).flatMap(({ loadBalancer }) => loadBalancer.servers);
  assert.deepEqual(servers, [{ url: 'http://127.0.0.1:9001' }], 'where the server listens');
  const removed = Object.values(middlewares).map(({ headers }) => headers.customRequestHeaders);
  assert.deepEqual(removed, [{ Forwarded: '' }], 'an empty text takes it away');
});

test('gives credentials that coturn accepts, which relays into no private network', { timeout: 60_000 }, async (t) => {
  const folder = folderOf(t);
  const port = await freePort();
  writeFileSync(
    join(folder, 'turnserver.conf'),
    `${adapted(example('turnserver.conf'), ['listening-port=3478', `listening-port=${port}`], ['change-this', 'secret'])}
listening-ip=127.0.0.1
relay-ip=127.0.0.1
log-file=stdout
simple-log
verbose
pidfile=${folder}/pid
userdb=${folder}/db
no-dtls
no-tls
`,
  );
  await start(t, port, 'turnserver', '-c', join(folder, 'turnserver.conf'));
  /** @param {string} secret */
  const client = (secret) =>
    spawnSync('turnutils_uclient', ['-y', '-n', '1', '-m', '1', '-W', secret, '-p', String(port), '127.0.0.1'], {
      encoding: 'utf8',
      timeout: 30_000,
    });
  assert.match(client('guess').stdout, /Cannot complete Allocation/);
  // Valid credentials get it as far as naming a peer on this machine.
  assert.match(client('secret').stdout, /channel bind: error 403 \(Forbidden IP\)/);
});
