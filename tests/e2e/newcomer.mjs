// A viewer that opens watch.html while the talker is on air.

import { until } from './support.mjs';

/**
 * The time from opening the page to the first frame; the HTTP requests that had begun when the picture began to play, some
 * milliseconds before (Resource Timing), and their bytes, headers included.
 * @typedef {{ ms: number, requests: { path: string, bytes: number }[], bytes: number }} Newcomer
 */

/**
 * A phone's, so that pages that are compared paint a picture of about the same size. Without a GPU, painting a large
 * picture costs more than everything else.
 */
export const viewport = { width: 390, height: 844 };

/** Runs in the page: notes when #remote-video begins to play, and when its first frame is presented. */
function watchFirstFrame() {
  addEventListener('DOMContentLoaded', () => {
    const video = document.getElementById('remote-video');
    const notePlaying = () => {
      window.firstPlaying = performance.now();
    };
    video.addEventListener('playing', notePlaying, { once: true }); // before the page's own, which loads the rest
    video.requestVideoFrameCallback(() => {
      window.firstFrame = performance.now();
    });
  });
}

/** @type {(chromium: import('./support.mjs').Chromium, origin: string, room: string) => Promise<Newcomer>} */
export async function watchAsNewcomer(chromium, origin, room) {
  const viewer = await chromium.open(`${origin}/watch.html?${room}`, watchFirstFrame, { viewport });
  const ms = await until('the first frame', () => viewer.evaluate(() => window.firstFrame));
  const requests = await viewer.evaluate(() => {
    const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    return entries
      .filter(({ startTime }) => startTime <= (window.firstPlaying ?? Infinity))
      .map((entry) => ({
        path: new URL(entry.name).pathname,
        bytes: entry instanceof PerformanceResourceTiming ? entry.transferSize : 0,
      }));
  });
  await viewer.close();
  return { ms, requests, bytes: requests.reduce((sum, { bytes }) => sum + bytes, 0) };
}
