// The processor time of the browser that this process has started.

import { readFileSync } from 'node:fs';

import { family } from '../../e2e/hosts.mjs';

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK) of every Linux that Debian has

/** Of /proc/PID/stat (proc(5)). The name, in brackets, may hold anything. @param {number} pid */
function read(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    return { name: text.slice(text.indexOf('(') + 1, end), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return { name: '', ticks: 0 }; // it has ended
  }
}

/** Seconds, of all processes of Chromium below this one. */
export function processorOfChromium() {
  const chromium = family(process.pid).map(read).filter(({ name }) => name.startsWith('chrom'));
  return chromium.reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond;
}
