// Makes a second host for a browser, and the network path to it.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Chromium } from './support.mjs';

/** @param {string[]} words */
export const ip = (...words) => execFileSync('ip', words);

/**
 * Adds a cable whose ends get no IPv6 address by themselves. Such an address would arrive a second later; a browser
 * takes that for a change of network and drops its loads.
 * @type {(near: string, far: string, hostOfFar?: string) => void}
 */
export function addCable(near, far, hostOfFar) {
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, ...(hostOfFar ? ['netns', hostOfFar] : []));
  if (!existsSync('/proc/net/if_inet6')) return;
  ip('link', 'set', near, 'addrgenmode', 'none');
  ip(...(hostOfFar ? ['-n', hostOfFar] : []), 'link', 'set', far, 'addrgenmode', 'none');
}

/**
 * Adds another host: a namespace whose `path1` ends at `near` in ours.
 * @param {string} near
 */
export function addHost(near) {
  ip('netns', 'add', 'viewer');
  addCable(near, 'path1', 'viewer');
  ip('link', 'set', near, 'up');
  ip('-n', 'viewer', 'link', 'set', 'lo', 'up');
  ip('-n', 'viewer', 'addr', 'add', '10.78.0.2/24', 'dev', 'path1');
  ip('-n', 'viewer', 'link', 'set', 'path1', 'up');
  ip('-n', 'viewer', 'route', 'add', 'default', 'via', '10.78.0.1');
}

/**
 * Removes the host and its path at once; removing only the namespace would delete the path later.
 * @param {string} near
 */
export function removeHost(near) {
  ip('link', 'del', near);
  ip('netns', 'del', 'viewer');
}

/** @param {string} near */
export function addOurAddress(near) {
  ip('addr', 'add', '10.78.0.1/24', 'dev', near);
  ip('link', 'set', near, 'up');
}

/** Starts a browser on the other host. `pid()` is its process. */
export async function startThere() {
  const folder = mkdtempSync(join(tmpdir(), 'onair-path-'));
  const script = join(folder, 'chromium');
  const pidFile = join(folder, 'pid');
  writeFileSync(
    script,
    `#!/bin/sh\necho $$ > ${pidFile}\nexec ip netns exec viewer /usr/bin/chromium "$@"\n`,
  );
  chmodSync(script, 0o755);
  const browser = await Chromium.start(script);
  return {
    /** @param {string} url */
    open: (url) => browser.open(url),
    pid: () => Number(readFileSync(pidFile, 'utf8')),
    async stop() {
      await browser.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A process that lives, by /proc/PID/stat (proc(5)): its name, its parent, and the processor time that it has used, in
 * ticks. Null for one that has ended.
 * @param {number} pid
 */
export function lookAt(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')'); // of the name, which may hold anything
    const fields = text.slice(end + 2).split(' ');
    const name = text.slice(text.indexOf('(') + 1, end);
    return { name, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}

/**
 * Gives a process and all processes that it started, itself first.
 * @param {number} pid
 */
export function family(pid) {
  const pids = readdirSync('/proc').map(Number).filter((number) => number > 0);
  const parents = new Map(pids.map((each) => [each, lookAt(each)?.parent]));
  const all = [pid];
  for (const member of all) all.push(...pids.filter((each) => parents.get(each) === member));
  return all;
}
