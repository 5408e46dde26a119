// What is measured of a room that grows. A part runs once, and gives its figures by the names of rows.

import { setTimeout as pause } from 'node:timers/promises';

import { LightCrowd } from '../../e2e/light_crowd.mjs';
import { MediaServer } from '../../e2e/media.mjs';
import { watchAsNewcomer } from '../../e2e/newcomer.mjs';
import { Chromium, goOnAir, isForwarded, pictureOf, until, watchPicture } from '../../e2e/support.mjs';
import { processorOfChromium } from './processor.mjs';

/**
 * @typedef {import('../../e2e/support.mjs').Page} Page
 * @typedef {Record<string, number[]>} Figures
 * @typedef {object} Plan how much of it, in each run
 * @property {number} moves there and back
 * @property {number} watching browser viewers of whom each frame counts
 * @property {number} watched browser viewers of whom none may be lost
 * @property {number} few viewers of the forwarder
 * @property {number} many
 * @property {number} readers of the chat
 * @property {number} lines of the chat
 * @property {number} newcomers of each kind
 * @property {number} seconds of counting
 */

/** @type {Plan} */
export const whole = { moves: 2, watching: 8, watched: 30, few: 10, many: 500, readers: 1_000, lines: 20, newcomers: 5, seconds: 10 };

/** To try the benchmark itself: its figures mean nothing. @type {Plan} */
export const small = { moves: 1, watching: 2, watched: 3, few: 2, many: 6, readers: 20, lines: 3, newcomers: 1, seconds: 2 };

const room = 'bench';
/** A viewer whose picture stands still for so long after a move is lost, in ms. */
const lostAfter = 10_000;
/** How long the picture is looked at after a move, in ms. */
const afterwards = 1_000;
/** Small pages: without a GPU, painting costs more than everything else. */
const viewport = { width: 320, height: 480 };

/**
 * Starts a server and a browser, and ends them.
 * @template Value
 * @param {string[]} options of the server
 * @param {(server: MediaServer, chromium: Chromium) => Promise<Value>} use
 */
async function withRoom(options, use) {
  const server = await MediaServer.start('--log-level', 'warn', ...options);
  try {
    const chromium = await Chromium.start(undefined, ['--use-fake-device-for-media-stream=fps=30']);
    try {
      return await use(server, chromium);
    } finally {
      await chromium.stop();
    }
  } finally {
    await server.stop();
  }
}

/** The longest gap since this was asked last, in ms. @param {Page} viewer */
const takeGap = (viewer) =>
  viewer.evaluate(() => {
    const { gap } = window.testPicture;
    window.testPicture.gap = 0;
    return gap;
  });

/** @param {Page} viewer */
const framesOf = async (viewer) => (await pictureOf(viewer)).frames;

/**
 * Opens so many viewers, of which each frame is watched.
 * @param {MediaServer} server
 * @param {Chromium} chromium
 * @param {number} count
 */
async function openViewers(server, chromium, count) {
  const viewers = [];
  for (let i = 0; i < count; ++i) viewers.push(await chromium.open(`${server.origin}/watch.html?${room}`, undefined, { viewport }));
  for (const viewer of viewers) {
    await viewer.decodesFrames();
    await watchPicture(viewer);
  }
  return viewers;
}

/**
 * Moves all viewers to the forwarder, or back, and gives how many of them are lost.
 * @param {Page} talker whose button for it is pressed
 * @param {Page[]} viewers
 * @param {boolean} forwarded
 */
async function move(talker, viewers, forwarded) {
  await talker.press('keep-direct');
  const hasMoved = async (/** @type {Page} */ viewer) =>
    (await viewer.openConnections()) === 1 && (await isForwarded(viewer)) === forwarded;
  const isLost = await Promise.all(
    viewers.map((viewer) => until('the viewer has moved', () => hasMoved(viewer)).then(() => false, () => true)),
  );
  await pause(afterwards);
  const before = await Promise.all(viewers.map(framesOf));
  const deadline = Date.now() + lostAfter;
  for (const [i, viewer] of viewers.entries()) {
    while (!isLost[i] && (await framesOf(viewer)) < before[i] + 3) isLost[i] = Date.now() > deadline;
  }
  return isLost.filter(Boolean).length;
}

/**
 * A talker that keeps the room direct until it is told otherwise, and its viewers.
 * @param {MediaServer} server
 * @param {Chromium} chromium
 * @param {number} viewers
 * @param {() => void} [prepare] runs in the talker's page before its scripts
 */
async function openDirectRoom(server, chromium, viewers, prepare) {
  const talker = await chromium.open(`${server.origin}/talk.html?${room}`, prepare, { viewport: { width: 900, height: 700 } });
  await talker.press('start-video');
  await talker.shows('badge');
  await talker.press('keep-direct');
  return { talker, viewers: await openViewers(server, chromium, viewers) };
}

/** The picture of browser viewers while they move. @param {Plan} plan @returns {Promise<Figures>} */
const moves = ({ moves: count, watching }) =>
  withRoom(['--forward', '1'], async (server, chromium) => {
    const { talker, viewers } = await openDirectRoom(server, chromium, watching);
    /** @type {Figures} */
    const figures = { calm: [], gap: [], gap_back: [], black: [], lost_watching: [] };
    const gaps = () => Promise.all(viewers.map(takeGap));
    for (let i = 0; i < count; ++i) {
      await gaps();
      await pause(2 * afterwards);
      figures.calm.push(...(await gaps()));
      figures.lost_watching.push(await move(talker, viewers, true));
      figures.gap.push(...(await gaps()));
      figures.lost_watching.push(await move(talker, viewers, false));
      figures.gap_back.push(...(await gaps()));
    }
    for (const { black } of await Promise.all(viewers.map(pictureOf))) figures.black.push(black);
    return figures;
  });

/** Runs in the talker's page: a small picture, which any machine can encode for many, and a machine that is told to be fast. */
function sendLittle() {
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 32 });
  const devices = navigator.mediaDevices;
  const getUserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    for (const track of stream.getVideoTracks()) await track.applyConstraints({ width: 160, height: 120, frameRate: 5 });
    return stream;
  };
}

/** Many viewers that move there and back. @param {Plan} plan @returns {Promise<Figures>} */
const lost = ({ moves: count, watched }) =>
  withRoom(['--forward', '1'], async (server, chromium) => {
    const { talker, viewers } = await openDirectRoom(server, chromium, watched, sendLittle);
    /** @type {Figures} */
    const figures = { lost: [] };
    for (let i = 0; i < count; ++i) {
      for (const forwarded of [true, false]) figures.lost.push(await move(talker, viewers, forwarded));
    }
    return figures;
  });

/** Bytes that a talker has sent by its only connection. @param {Page} talker */
const sentBytes = (talker) =>
  talker.evaluate(async () => {
    const open = window.testConnections.filter((each) => each.connectionState === 'connected');
    if (open.length !== 1) throw new Error(`the talker has ${open.length} connections`);
    const reports = [...(await open[0].getStats()).values()];
    return reports.filter(({ type }) => type === 'transport').reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  });

/**
 * What a talker costs meanwhile: share of one core, and bits a second.
 * @param {Page} talker
 * @param {number} seconds
 */
async function costOf(talker, seconds) {
  const before = { at: performance.now(), cpu: processorOfChromium(), bytes: await sentBytes(talker) };
  await pause(seconds * 1_000);
  const after = { at: performance.now(), cpu: processorOfChromium(), bytes: await sentBytes(talker) };
  const elapsed = (after.at - before.at) / 1_000;
  return { cpu: (after.cpu - before.cpu) / elapsed, bits: ((after.bytes - before.bytes) * 8) / elapsed };
}

/** @param {MediaServer} server @param {number} viewers */
async function addCrowd(server, viewers) {
  const crowd = new LightCrowd(server, room, viewers, { perSecond: 50, seconds: 3_600 });
  const { pictures, failures } = await crowd.joined;
  if (pictures < viewers) throw new Error(`only ${pictures} of ${viewers} have a picture: ${JSON.stringify(failures)}`);
  return crowd;
}

/** How long the encoder takes to reach its bit rate; until then a talker costs less; in ms. */
const settling = 15_000;

/** What a talker's browser costs with few and with many viewers of the forwarder. @param {Plan} plan @returns {Promise<Figures>} */
const cost = ({ few, many, seconds }) =>
  withRoom(['--forward', '1'], async (server, chromium) => {
    const talker = await goOnAir(chromium, server, room, { viewport });
    const crowds = [await addCrowd(server, few)];
    try {
      await pause(settling);
      const withFew = await costOf(talker, seconds);
      crowds.push(await addCrowd(server, many - few));
      await talker.says('viewers', new RegExp(`^${many}$`));
      const withMany = await costOf(talker, seconds);
      return {
        talker_cpu: [withMany.cpu / withFew.cpu],
        talker_bits: [withMany.bits / withFew.bits],
        cores: [withMany.cpu],
      };
    } finally {
      for (const crowd of crowds) await crowd.stop();
    }
  });

/** A talker's lines in the chat, until each viewer has them. @param {Plan} plan @returns {Promise<Figures>} */
const chat = ({ readers, lines }) =>
  withRoom(['--forward', '1'], async (server, chromium) => {
    const talker = await goOnAir(chromium, server, room, { viewport });
    const crowd = await addCrowd(server, readers);
    for (let i = 0; i < lines; ++i) {
      await pause(500);
      // Within the page, so that the time from there counts, not the way of this command to the page.
      await talker.evaluate(() => {
        document.getElementById('chat-text').value = `sent at ${Date.now()}`;
        document.getElementById('chat-text').form?.requestSubmit();
      });
    }
    await pause(1_000); // what is on its way
    await crowd.stop();
    const { chat_ms } = await crowd.ended;
    if (!chat_ms) throw new Error('the viewers had no line of the chat');
    return { chat: [chat_ms.p99], chat_missing: [lines * readers - chat_ms.lines] };
  });

/** A viewer's first frame in a room of either kind. @param {Plan} plan @returns {Promise<Figures>} */
const newcomers = ({ newcomers: count }) =>
  withRoom(['--forward', '1'], async (server, chromium) => {
    const ways = /** @type {const} */ (['direct', 'forwarded']);
    for (const way of ways) {
      const talker = await goOnAir(chromium, server, way, { viewport });
      if (way === 'direct') await talker.press('keep-direct');
      const first = await chromium.open(`${server.origin}/watch.html?${way}`, undefined, { viewport });
      await until(`the first viewer is ${way}`, async () => (await first.stats()).frames > 0 && (await isForwarded(first)) === (way === 'forwarded'));
    }
    /** @type {Figures} */
    const figures = { direct: [], forwarded: [], requests: [], bytes: [] };
    for (let i = 0; i < count; ++i) {
      for (const way of ways) {
        const { ms, requests, bytes } = await watchAsNewcomer(chromium, server.origin, way);
        figures[way].push(ms);
        figures.requests.push(requests.length + 1); // and the WebSocket
        figures.bytes.push(bytes / 1_000);
      }
    }
    return figures;
  });

/** @type {Record<string, (plan: Plan) => Promise<Figures>>} */
export const parts = { moves, lost, cost, chat, newcomers };
