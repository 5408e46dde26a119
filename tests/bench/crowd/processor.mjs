// The processor time of the browser that this process has started.

import { family, lookAt } from '../../e2e/hosts.mjs';

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK) of every Linux that Debian has

/** Seconds, of all processes of Chromium below this one. */
export function processorOfChromium() {
  const chromium = family(process.pid).map(lookAt).filter((each) => each?.name.startsWith('chrom'));
  return chromium.reduce((sum, each) => sum + (each?.ticks ?? 0), 0) / ticksPerSecond;
}
