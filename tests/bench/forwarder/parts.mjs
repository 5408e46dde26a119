// Parts of the measurement. A part runs a contestant once and gives its figures by the names of rows.

import { Chromium, Server } from '../../e2e/support.mjs';
import { starts } from './contestants.mjs';
import { watch, whileOnAir } from './load.mjs';
import { script } from './page.mjs';

/**
 * @typedef {import('./contestants.mjs').Name} Name
 * @typedef {Record<string, number>} Figures
 * @typedef {object} Plan how much
 * @property {number} few viewers
 * @property {number} many viewers
 * @property {Record<Name, number[]>} crowds to try one after the other
 * @property {number} joins viewers that join within a second
 * @property {number} seconds of counting
 */

/** @type {Plan} */
export const whole = {
  few: 200,
  many: 1_500,
  crowds: { onair: [1_500, 2_000, 2_500, 3_000], Janus: [200, 300, 400, 500, 700, 1_000] },
  joins: 200,
  seconds: 10,
};

/** To try the benchmark itself: its figures mean nothing. @type {Plan} */
export const small = { few: 10, many: 20, crowds: { onair: [20, 30], Janus: [10, 20] }, joins: 10, seconds: 3 };

/**
 * Starts a contestant, and ends it.
 * @template Value
 * @param {Name} name
 * @param {(contestant: import('./contestants.mjs').Contestant) => Promise<Value>} use
 */
async function withContestant(name, use) {
  const contestant = await starts[name]();
  try {
    return await use(contestant);
  } finally {
    await contestant.stop();
  }
}

/**
 * @param {Name} name
 * @param {number} viewers
 * @param {number} seconds
 */
async function crowd(name, viewers, seconds) {
  const result = await withContestant(name, (contestant) =>
    watch(contestant, '--viewers', String(viewers), '--joins-per-second', '150', '--seconds', String(seconds)),
  );
  for (const [failure, times] of Object.entries(result.failures)) console.error(`${name}, ${times} of ${viewers}: ${failure}`);
  return result;
}

/** @param {import('./load.mjs').Result} result */
const microseconds = ({ cpu_s, packets }) => (cpu_s * 1e6) / packets;

/** True if each viewer was there and got 99.5 % of the packets. @param {import('./load.mjs').Result} result */
const isServed = ({ pictures, viewers, least_packets, sent }) => pictures === viewers && least_packets >= 0.995 * sent;

/** @type {(name: Name, plan: Plan) => Promise<Figures>} */
async function cost(name, { few, many, seconds }) {
  const fewViewers = await crowd(name, few, seconds);
  /** @type {Figures} */
  const figures = { few: microseconds(fewViewers), memory: fewViewers.memory / few / 1024 };
  if (name === 'Janus') return figures; // what it takes at most is a part of its own
  const manyViewers = await crowd(name, many, seconds);
  return { ...figures, many: microseconds(manyViewers), memory: manyViewers.memory / many / 1024 };
}

/** @type {(name: Name, plan: Plan) => Promise<Figures>} */
async function capacity(name, { crowds, seconds }) {
  let served = 0;
  for (const viewers of crowds[name]) {
    const result = await crowd(name, viewers, seconds);
    const share = (result.least_packets / result.sent) * 100;
    console.error(`${name}, ${viewers} viewers: ${share.toFixed(2)} % of the packets at the worst, ${result.pictures} pictures`);
    if (!isServed(result)) break;
    served = viewers;
  }
  return { capacity: served };
}

/** @type {(name: Name, plan: Plan) => Promise<Figures>} */
async function joins(name, { joins: viewers }) {
  const { late } = await withContestant(name, (contestant) =>
    watch(contestant, '--viewers', '50', '--watch-closely', '--seconds', '1', '--late-viewers', String(viewers),
      '--joins-per-second', String(viewers)),
  );
  if (!late) throw new Error('the load says nothing of those who joined late');
  for (const [failure, times] of Object.entries(late.failures)) console.error(`${name}, ${times} who joined: ${failure}`);
  const allCame = late.pictures === late.viewers;
  return {
    pictures: allCame && late.picture_ms ? late.picture_ms.max : Infinity,
    lost: late.lost_by_others,
    key_frames: late.key_frames_asked,
  };
}

/**
 * Opens a page that has window.bench.
 * @template Value
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {(page: import('../../e2e/support.mjs').Page) => Promise<Value>} use
 */
async function inPage({ way, load }, use) {
  // A page of ours for either: one of localhost may use a camera.
  const pages = way.kind === 'onair' ? null : await Server.start();
  const port = pages ? pages.port : load[load.indexOf('--port') + 1];
  const chromium = await Chromium.start();
  try {
    // The page's own policy lets it speak to its server alone.
    return await use(await chromium.open(`http://localhost:${port}/check.html`, script, { bypassCSP: true }));
  } finally {
    await chromium.stop();
    await pages?.stop();
  }
}

/** A player's first frame, after one that warms the browser up. @type {(name: Name) => Promise<Figures>} */
async function whep(name) {
  const play = async (/** @type {import('./contestants.mjs').Contestant} */ contestant) =>
    inPage(contestant, async (page) => {
      await page.evaluate((way) => window.bench.play(way), contestant.way);
      return page.evaluate((way) => window.bench.play(way), contestant.way);
    });
  return { whep: await withContestant(name, (contestant) => whileOnAir(contestant, () => play(contestant))) };
}

/** @type {(name: Name) => Promise<Figures>} */
async function whip(name) {
  return {
    whip: await withContestant(name, (contestant) =>
      inPage(contestant, (page) => page.evaluate((way) => window.bench.publishAndPlay(way), contestant.way)),
    ),
  };
}

/** @type {(name: Name) => Promise<Figures>} */
async function picture(name) {
  const wanted = { width: 1280, height: 720, bitrate: 1_500_000, forMs: 30_000 };
  const sizes = await withContestant(name, (contestant) =>
    inPage(contestant, (page) => page.evaluate(([way, size]) => window.bench.watchSize(way, size),
      /** @type {const} */ ([contestant.way, wanted]))),
  );
  const said = sizes.map(({ at, width, height, reason }) => `${(at / 1000).toFixed(1)} s ${width}×${height} (${reason})`);
  console.error(`${name}: ${said.join(', ')}`);
  const lastSmall = sizes.map(({ width }) => width === wanted.width).lastIndexOf(false);
  const full = sizes[lastSmall + 1];
  return { full_size: full ? full.at / 1000 : Infinity };
}

/** @type {Record<string, (name: Name, plan: Plan) => Promise<Figures>>} */
export const parts = { cost, capacity, joins, whep, whip, picture };
