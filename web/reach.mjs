// Finds out by HTTP why the server refuses a page's WebSocket, of which a browser tells nothing.

import { socketAddress } from './page.mjs';

/** @typedef {'forbidden' | 'tooMany' | 'ending'} Why */
/** @type {Record<number, Why | undefined>} */
const reasons = { 403: 'forbidden', 429: 'tooMany', 503: 'ending' };

/**
 * Gives the reason; undefined if the server would let the page in, or gives another one. A POST, since browsers send the
 * page's Origin with it as they do with a WebSocket, and with a GET to the same server they don't.
 * @returns {Promise<Why | undefined>}
 */
export async function whyRefused() {
  const address = socketAddress().replace(/^ws/, 'http');
  const { status } = await fetch(address, { method: 'POST', cache: 'no-store' });
  return reasons[status];
}
