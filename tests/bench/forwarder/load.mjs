// Runs onair_light_viewers: light viewers, and a light talker with a clip.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { setting } from '../../setting.mjs';
import { room } from './contestants.mjs';
import { start, stop } from './processes.mjs';

const run = promisify(execFile);

/**
 * @typedef {{ median: number, max: number } | null} Spread
 * @typedef {{ viewers: number, pictures: number, picture_ms: Spread, failures: Record<string, number> }} Joins
 * @typedef {Joins & { sent: number, packets: number, least_packets: number, missing: number, cpu_s: number, memory: number,
 *   seconds: number, late?: Joins & { lost_by_others: number, key_frames_asked: number } }} Result
 */

const clip = join(tmpdir(), `onair-bench-${process.pid}.ivf`);

/** Makes two seconds of VP8 whose frames are smaller than what the talker fills them up to. */
export async function makeClip() {
  await run('ffmpeg', [
    ...['-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'smptebars=size=640x360:rate=30', '-t', '2'],
    ...['-c:v', 'libvpx', '-b:v', '300k', '-g', '60', '-auto-alt-ref', '0', '-deadline', 'realtime', '-cpu-used', '8', clip],
  ]);
}

/** @param {import('./contestants.mjs').Contestant} contestant */
const talking = ({ load }) => [...load, '--room', room, '--clip', clip];

/**
 * Puts viewers on a contestant, and says what they got.
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {string[]} options
 * @returns {Promise<Result>}
 */
export async function watch(contestant, ...options) {
  const child = start(
    'others',
    setting('ONAIR_LIGHT_VIEWERS'),
    [...talking(contestant), '--pid', String(contestant.pid), ...options],
    ['ignore', 'pipe', 'inherit'],
  );
  let last = '';
  for await (const line of createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdout) })) last = line;
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error('the load has failed');
  return JSON.parse(last);
}

/**
 * Has a light talker on air while `during` runs.
 * @template Value
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {() => Promise<Value>} during
 */
export async function whileOnAir(contestant, during) {
  const child = start('others', setting('ONAIR_LIGHT_VIEWERS'), [...talking(contestant), '--seconds', '3600'], ['ignore', 'pipe', 'inherit']);
  const output = /** @type {import('node:stream').Readable} */ (child.stdout);
  await Promise.race([
    once(output, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the talker has ended');
    }),
  ]);
  try {
    return await during();
  } finally {
    await stop(child);
  }
}
