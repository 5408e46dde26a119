// Tests a broadcast over a path with high latency.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { addCable, addHost, addOurAddress, ip, removeHost, startThere } from './hosts.mjs';
import { Chromium, goOnAir, Server } from './support.mjs';

test('shows the picture over a path of 300 ms there and back', async (t) => {
  addHost('slow0');
  addCable('slow1', 'slow2');
  ip('link', 'set', 'slow2', 'up');
  addOurAddress('slow1');
  const script = fileURLToPath(new URL('slow_bridge.py', import.meta.url));
  ip('netns', 'exec', 'viewer', 'python3', script, '--complete-checksums', 'path1');
  execFileSync('python3', [script, '--complete-checksums', 'slow1']);
  const bridge = spawn('python3', [script, 'slow0', 'slow2', '150'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(bridge.stdout, 'data');
  const server = await Server.start();
  t.after(() => server.stop());
  const elsewhere = await startThere();
  t.after(() => elsewhere.stop());
  const chromium = await Chromium.start();
  t.after(() => chromium.stop());
  t.after(() => {
    bridge.kill();
    ip('link', 'del', 'slow1');
    removeHost('slow0');
  });
  await goOnAir(chromium, server, 'slow');
  const viewer = await elsewhere.open(`http://10.78.0.1:${server.port}/watch.html?slow`);
  await viewer.decodesFrames(50);
  await viewer.hearsSound();
});
