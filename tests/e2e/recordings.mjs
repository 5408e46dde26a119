// What a page has recorded: its pieces in the browser's database, and its files.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { until } from './support.mjs';

/** @typedef {{ evaluate: import('./support.mjs').Page['evaluate'] }} Evaluating */

/**
 * Asks ffprobe for the kinds of a file's streams, its last time stamp, and the duration that it says of itself.
 * @param {string} file
 */
export function probe(file) {
  /** @param {string[]} args */
  const ask = (...args) => execFileSync('ffprobe', ['-v', 'error', '-of', 'csv=p=0', ...args, file], { encoding: 'utf8' });
  return {
    kinds: ask('-show_entries', 'stream=codec_type').trim().split('\n').sort(),
    seconds: Math.max(...ask('-show_entries', 'packet=pts_time').trim().split('\n').map(parseFloat)),
    duration: parseFloat(ask('-show_entries', 'format=duration')),
  };
}

/**
 * Lets the page's browser play a file from that second on.
 * @type {(page: Evaluating, file: string, second: number) => Promise<{ duration: number, time: number, width: number }>}
 */
export const seek = (page, file, second) =>
  page.evaluate(
    async ({ bytes, time }) => {
      const video = document.createElement('video');
      const data = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
      video.src = URL.createObjectURL(new Blob([data], { type: 'video/webm' }));
      await new Promise((resolve, reject) => {
        video.onloadedmetadata = resolve;
        video.onerror = () => reject(new Error(video.error?.message));
      });
      video.currentTime = time;
      await new Promise((resolve, reject) => {
        video.onseeked = resolve;
        video.onerror = () => reject(new Error(video.error?.message));
      });
      return { duration: video.duration, time: video.currentTime, width: video.videoWidth };
    },
    { bytes: readFileSync(file, 'base64'), time: second },
  );

/** @type {(page: Evaluating) => Promise<number>} */
const storedPieces = (page) =>
  page.evaluate(async () => {
    const opening = indexedDB.open('onair-recordings', 1);
    await new Promise((resolve) => {
      opening.onsuccess = resolve;
    });
    const counting = opening.result.transaction('pieces').objectStore('pieces').count();
    await new Promise((resolve) => {
      counting.onsuccess = resolve;
    });
    opening.result.close();
    return counting.result;
  });

/** @type {(page: Evaluating, seconds: number) => Promise<boolean>} */
export const recordFor = (page, seconds) =>
  until(`${seconds} s are recorded`, async () => (await storedPieces(page)) >= seconds);

/** @type {(page: Evaluating, pieces: number) => Promise<boolean>} */
export const recorded = (page, pieces) =>
  until(`${pieces} pieces are stored`, async () => (await storedPieces(page)) === pieces);
