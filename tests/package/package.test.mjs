// Tests the Debian package as an administrator uses it: checks it with lintian and systemd, installs it into a
// clean root, serves there, and purges it. Needs root, and ONAIR_PACKAGE set as by scripts/test-package.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { WebSocket } from 'ws';

import { setting } from '../setting.mjs';

const deb = setting('ONAIR_PACKAGE');
const packaging = fileURLToPath(new URL('../../server/packaging/', import.meta.url));
/** Where files may be; removed by scripts/test-package. */
const folder = setting('ONAIR_PACKAGE_FOLDER');
/** @type {string} */
let root;

/** @param {string[]} command */
const inRoot = (...command) => execFileSync('chroot', [root, ...command], { encoding: 'utf8', stdio: 'pipe' });

before(() => {
  root = join(folder, 'root');
  const [, release] = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? ['', 'stable'];
  // The new root uses this machine's package sources and apt settings.
  const sources = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources'].filter(
    (file) => existsSync(file) && readFileSync(file, 'utf8').trim() !== '',
  );
  execFileSync('mmdebstrap', ['--variant=minbase', '--include=ca-certificates', release, root, ...sources], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  cpSync('/etc/apt/apt.conf.d', join(root, 'etc/apt/apt.conf.d'), { recursive: true });
  copyFileSync(deb, join(root, 'tmp/onair.deb'));
});

test('has no errors by lintian', () => {
  const { status, stdout } = spawnSync('lintian', ['--fail-on', 'error', '--allow-root', deb], { encoding: 'utf8' });
  console.log(stdout.trim().replace(/^/gm, '# '));
  assert.equal(status, 0, stdout);
});

for (const name of ['onair-server', 'onair-forwarder']) {
  test(`has a unit ${name} that systemd accepts and rates as well protected`, () => {
    const unit = join(packaging, `${name}.service`);
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    // systemd also complains that the programs are not installed here.
    const complaints = verified.stderr.split('\n').filter((line) => line && !line.includes('/usr/bin/onair-'));
    assert.deepEqual(complaints, []);
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
      encoding: 'utf8',
    });
    const exposure = Number(/exposure level for onair-\w+.service: ([\d.]+)/.exec(stdout)?.[1]);
    console.log(`# exposure ${exposure} of 10`);
    assert.ok(exposure <= 2, stdout);
  });
}

/**
 * Runs a server until `use` is done, and checks how it ended.
 * @param {string[]} command
 * @param {(port: string, adminPort: string) => Promise<void>} use
 */
async function withServer(command, use) {
  const server = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    let port = '';
    let adminPort = '';
    for await (const line of createInterface({ input: server.stdout })) {
      port ||= /localhost:(\d+)\/talk/.exec(line)?.[1] ?? '';
      adminPort = /127\.0\.0\.1:(\d+)\/metrics/.exec(line)?.[1] ?? '';
      if (adminPort) break;
    }
    assert.ok(adminPort, 'the server started');
    for (const [path, type] of [['/watch.html', 'html'], ['/onair.wasm', 'wasm'], ['/onair.webmanifest', 'manifest'], ['/share.png', 'png']]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      assert.equal(response.status, 200);
      assert.ok(response.headers.get('content-type')?.includes(type));
    }
    await use(port, adminPort);
  } finally {
    server.kill('SIGTERM');
  }
  assert.deepEqual(await ended, [0, null]);
}

const anywhere = ['--port', '0', '--admin-port', '0', '--address', '127.0.0.1', '--media-port', '0'];

test('serves as nobody in the container, with a read-only root file system', async () => {
  const store = ['--root', join(folder, 'images'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  /** @param {string[]} words */
  const buildah = (...words) =>
    execFileSync('buildah', [...store, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
    }).trim();
  const base = buildah('from', 'scratch');
  buildah('add', '--quiet', base, root, '/');
  buildah('commit', '--quiet', base, 'localhost/base');
  const checkout = fileURLToPath(new URL('../../', import.meta.url));
  // Else Debian 13's buildah raises these limits, for which root in a container has no right (CAP_SYS_RESOURCE).
  const limits = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1024:4096'];
  const args = ['--build-arg', 'BASE=localhost/base', '-f', join(packaging, 'Containerfile'), '-t', 'onair'];
  buildah('build', '--quiet', ...limits, ...args, checkout);
  const container = buildah('from', 'localhost/onair');
  const mounted = buildah('mount', container);
  const { User: user, Entrypoint: entrypoint } = JSON.parse(buildah('inspect', '--type', 'image', 'localhost/onair')).OCIv1.config;
  assert.equal(user, '65534:65534');
  // Prepares the files as podman run --read-only --volume does.
  const prepare = `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/file" 2>/dev/null &&
    mount -t tmpfs -o uid=65534,mode=0700 state "$1/var/lib/onair" && root=$1 && shift &&
    exec chroot --userspec=${user} "$root" "$@"`;
  await withServer(['unshare', '--mount', 'sh', '-c', prepare, 'sh', mounted, ...entrypoint, ...anywhere], async () => {});
  buildah('umount', container);
});

test('installs into a clean root, serves as an unprivileged user, and mints tokens', async () => {
  inRoot('apt-get', 'update', '-qq');
  inRoot('env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', '/tmp/onair.deb');
  inRoot('install', '-d', '-o', 'nobody', '-m', '0700', '/var/lib/onair');
  const options = ['--config', '/etc/onair/onair.conf'];
  const command = ['chroot', '--userspec=nobody', root, '/usr/bin/onair-server', ...options, ...anywhere, '--auth', 'talk'];
  await withServer(command, async (port, adminPort) => {
    // Root makes the secret here; the service must be able to read it.
    const minted = inRoot('onair-server', ...options, 'token', '--room', 'lesson', '--role', 'talk', '--url', 'https://a.example');
    const [token, link] = minted.trim().split('\n');
    assert.equal(link, `https://a.example/talk.html?lesson#token=${token}`);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await once(socket, 'open');
    const first_message = once(socket, 'message');
    socket.send(JSON.stringify({ type: 'enter', room: 'lesson', role: 'talk', token }));
    assert.equal(JSON.parse((await first_message)[0]).type, 'welcome');
    assert.match(inRoot('onair-server', ...options, '--admin-port', adminPort, 'rooms'), / 1 +0 +lesson\n/);
    socket.close();
  });
  for (const name of ['onair-server', 'onair-forwarder']) {
    for (const file of [`/usr/bin/${name}`, `/usr/share/man/man8/${name}.8.gz`, `/lib/systemd/system/${name}.service`]) {
      assert.ok(existsSync(join(root, file)), file);
    }
  }
});

test('leaves nothing behind when purged', () => {
  inRoot('env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'purge', '-y', '-qq', 'onair');
  for (const path of ['/usr/bin/onair-server', '/usr/bin/onair-forwarder', '/usr/share/onair', '/usr/share/doc/onair', '/etc/onair', '/var/lib/onair']) {
    assert.ok(!existsSync(join(root, path)), path);
  }
  const units = readdirSync(join(root, 'etc/systemd/system'), { recursive: true }).filter((name) => String(name).includes('onair'));
  assert.deepEqual(units, []);
});
