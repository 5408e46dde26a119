// Starts the real server and real browsers, and reads what a page really shows.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

import { setting } from '../setting.mjs';

/**
 * @typedef {import('playwright-core').BrowserContextOptions} Options
 * @typedef {keyof Elements} Id
 * @typedef {import('../../web/types.d.ts').ButtonId} Button
 * @typedef {{ open: (url: string, prepare?: undefined, options?: Options) => Promise<Page> }} Browser
 */

const bound = 60_000; // ms; the longest wait before a test fails

/**
 * Runs `ask` repeatedly until its value is true, and gives that value.
 * @template Answer
 * @param {string} what
 * @param {() => Answer | Promise<Answer>} ask
 * @returns {Promise<NonNullable<Answer>>}
 */
export async function until(what, ask) {
  const deadline = Date.now() + bound;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`did not happen within ${bound} ms: ${what}`);
    await pause(50);
  }
}

/** A server process; `origin` is where it serves. */
export class Server {
  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} port
   */
  constructor(child, port) {
    this.process = child;
    this.port = Number(port);
    this.origin = `http://localhost:${port}`;
  }

  /** @param {string[]} options */
  static async start(...options) {
    const child = spawn(
      setting('ONAIR_SERVER'),
      [
        ...['--port', '0', '--web', setting('ONAIR_SITE')],
        ...['--resume-secret', 'known to the tests alone', ...options],
      ],
      // A forwarder outlives a server that is killed: only tests that end it ask for one.
      { env: { ...process.env, ONAIR_FORWARDER: 'off' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    // A test that fails before it stops its server must neither block the run nor leave the server running.
    child.unref();
    /** @type {import('node:net').Socket} */ (child.stdout).unref();
    process.once('exit', () => child.kill('SIGKILL'));
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
    });
    const [, port] = await until('the server prints its links', () => {
      if (child.exitCode !== null) throw new Error('the server ended');
      return /localhost:(\d+)/.exec(printed);
    });
    return new Server(child, port);
  }

  /** @param {NodeJS.Signals} signal */
  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.ref(); // or Node ends before the server, and never says why
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    await ended;
  }
}

/** Runs in each page before its scripts: records the peer connections and asks for a small picture. */
function instrument() {
  /** @type {RTCPeerConnection[]} */
  const connections = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      connections.push(this);
    }
  };
  if (window.webkitRTCPeerConnection) window.webkitRTCPeerConnection = window.RTCPeerConnection;
  window.testConnections = connections;
  window.testPreview = () => /** @type {MediaStream} */ (document.getElementById('local-video').srcObject);
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const getUserMedia = devices.getUserMedia.bind(devices);
  // Two cores encode and decode everything here, so the fake camera gives a small picture.
  devices.getUserMedia = (constraints) => {
    window.testConstraints = constraints;
    if (!constraints?.video) return getUserMedia(constraints);
    return getUserMedia({ ...constraints, video: { ...Object(constraints.video), width: 320, height: 240 } });
  };
}

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

/** A browser whose pages are Page objects below. */
export class Chromium {
  /** @param {import('playwright-core').Browser} browser */
  constructor(browser) {
    this.browser = browser;
  }

  /**
   * `executable` may be a script that starts Chromium elsewhere; `flags` follow the usual ones.
   * @param {string} executable
   * @param {string[]} flags
   * @param {import('playwright-core').LaunchOptions} [more] of Playwright's launch
   */
  static async start(executable = '/usr/bin/chromium', flags = [], more = {}) {
    const args = [...chromiumFlags, ...flags];
    return new Chromium(await chromium.launch({ executablePath: executable, args, ...more }));
  }

  /**
   * `options` are those of Playwright's newContext: viewport, locale, colorScheme and so on.
   * @param {string} url
   * @param {string | (() => void)} [prepare] runs in the page before its own scripts
   * @param {Options} [options]
   */
  async open(url, prepare, options) {
    // Stands for a person who accepts the warning about a self-signed certificate.
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, ...options });
    await context.addInitScript(instrument);
    if (prepare) await context.addInitScript(prepare);
    const page = await context.newPage();
    const opened = new Page(page, () => context.close());
    page.on('console', (message) => opened.note(message.type(), message.text()));
    page.on('pageerror', (error) => opened.note('error', String(error)));
    await page.goto(url);
    return opened;
  }

  stop() {
    return this.browser.close();
  }
}

export class Firefox {
  /**
   * @param {import('puppeteer-core').Browser} browser
   * @param {string} profile
   */
  constructor(browser, profile) {
    this.browser = browser;
    this.profile = profile;
  }

  static async start() {
    const profile = mkdtempSync(join(tmpdir(), 'onair-firefox-'));
    mkdirSync(join(profile, 'saved'));
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      userDataDir: profile,
      extraPrefsFirefox: {
        'media.navigator.streams.fake': true,
        'media.navigator.permission.disabled': true,
        'media.autoplay.default': 0,
        'media.autoplay.blocking_policy': 0,
        'network.captive-portal-service.enabled': false,
        'network.connectivity-service.enabled': false,
        'app.update.enabled': false,
        'browser.download.folderList': 2, // the folder below
        'browser.download.dir': join(profile, 'saved'),
      },
    });
    return new Firefox(browser, profile);
  }

  /** @param {string} url */
  async open(url) {
    const context = await this.browser.createBrowserContext();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(instrument);
    // Both drivers have the same names for what tests do with a Firefox page (click, evaluate, reload).
    const alike = /** @type {import('playwright-core').Page} */ (/** @type {unknown} */ (page));
    const opened = new Page(alike, () => context.close());
    page.on('console', (message) => opened.note(message.type(), message.text()));
    page.on('pageerror', (error) => opened.note('error', String(error)));
    await page.goto(url);
    return opened;
  }

  /** Waits for the one file that the pages have saved, and gives its path. */
  saved() {
    return until('a file is saved', () => {
      const files = readdirSync(join(this.profile, 'saved')).map((name) => join(this.profile, 'saved', name));
      // One that is not whole yet has another with the name's end .part beside it.
      return files.length === 1 && statSync(files[0]).size > 0 ? files[0] : undefined;
    });
  }

  async stop() {
    await this.browser.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/** A tab, the same in both browsers. */
export class Page {
  /** @type {string[]} */
  errors = [];
  /** @type {string[]} */
  console = [];

  /**
   * @param {import('playwright-core').Page} page
   * @param {() => Promise<void>} close
   */
  constructor(page, close) {
    this.page = page;
    this.close = close;
  }

  /** @type {(type: string, text: string) => void} */
  note(type, text) {
    this.console.push(`${type}: ${text}`);
    if (type === 'error') this.errors.push(text);
  }

  /**
   * Runs a function in the page.
   * @template Result
   * @template [Passed=void]
   * @param {string | ((passed: Passed) => Result | Promise<Result>)} run
   * @param {Passed} [passed]
   * @returns {Promise<Result>}
   */
  evaluate(run, passed) {
    // Playwright's types take what is passed apart, which is of one type here.
    return /** @type {import('playwright-core').Page['evaluate']} */ (this.page.evaluate.bind(this.page))(
      /** @type {(passed: unknown) => Result} */ (run),
      passed,
    );
  }

  /**
   * Sends a line to the chat as soon as the chat is open.
   * @param {string} words
   * @param {string} [name]
   */
  async write(words, name) {
    await until('the chat is open', () =>
      this.evaluate(() => document.getElementById('chat-text')?.disabled === false),
    );
    if (name) await this.page.fill('#chat-name', name);
    await this.page.fill('#chat-text', words);
    await this.page.press('#chat-text', 'Enter');
  }

  /** Gives the visible lines of the chat, as [name, text]. */
  chat() {
    return this.evaluate(() =>
      [...document.querySelectorAll('#chat li')].map((line) => [
        line.querySelector('.who')?.textContent,
        line.querySelector('.words')?.textContent,
      ]),
    );
  }

  /**
   * Presses a button as soon as it is enabled.
   * @param {Button} id
   */
  async press(id) {
    await until(`#${id} can be pressed`, () =>
      this.evaluate((name) => document.getElementById(name)?.disabled === false, id),
    );
    await this.page.click(`#${id}`);
  }

  /** @param {Id} id */
  text(id) {
    return this.evaluate((name) => {
      const element = document.getElementById(name);
      return element.hidden ? '' : String(element.textContent);
    }, id);
  }

  /** @type {(id: Id, pattern: RegExp) => Promise<void>} */
  async says(id, pattern) {
    try {
      await until(`#${id} says ${pattern}`, async () => pattern.test(await this.text(id)));
    } catch (error) {
      throw new Error(`${error}; it says “${await this.text(id)}”`, { cause: error });
    }
  }

  /** @param {Id} id */
  shown(id) {
    return this.evaluate((name) => !document.getElementById(name).hidden, id);
  }

  /**
   * Waits until the element is shown, or is not: pages follow most events a task later.
   * @param {Id} id
   */
  async shows(id, expected = true) {
    try {
      await until(`#${id} is ${expected ? 'shown' : 'hidden'}`, async () => (await this.shown(id)) === expected);
    } catch (error) {
      throw new Error(`${error}; the page says ${JSON.stringify(await this.words())}`, { cause: error });
    }
  }

  /** Texts of the page about its state, and its console's last lines, for those who read a failure. */
  async words() {
    const said = await this.evaluate(() =>
      ['stuck', 'link', 'cover', 'notice'].map((id) => {
        const element = document.getElementById(id);
        return element && !element.hidden ? `#${id}: ${element.textContent?.trim()}` : '';
      }),
    );
    return [...said.filter(Boolean), ...this.console.slice(-5)];
  }

  /** Reads getStats of the connection in use: {frames, energy, samples, channel, state}. */
  stats() {
    return this.evaluate(async () => {
      const connection = window.testConnections.filter((each) => each.connectionState !== 'closed').at(-1);
      const found = { state: connection?.connectionState, frames: 0, width: 0, energy: 0, channel: '' };
      if (!connection) return found;
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') {
          found.frames = report.framesDecoded ?? 0;
          found.width = report.frameWidth;
        }
        if (report.type === 'inbound-rtp' && report.kind === 'audio') {
          found.energy = report.totalAudioEnergy ?? 0;
        }
        if (report.type === 'data-channel') found.channel = report.state;
      }
      return found;
    });
  }

  /**
   * Waits until `count` more frames are decoded.
   * @param {number} count
   */
  async decodesFrames(count = 10) {
    const before = (await this.stats()).frames;
    await until(`${count} more frames are decoded`, async () => (await this.stats()).frames >= before + count);
  }

  async hearsSound() {
    await until('sound arrives', async () => (await this.stats()).energy > 0);
  }

  async reload() {
    await this.page.reload();
  }

  openConnections() {
    return this.evaluate(
      () => window.testConnections.filter((each) => each.connectionState !== 'closed').length,
    );
  }
}

/**
 * A link with a token, from a server whose secrets are in `state`.
 * @param {{ origin: string }} server
 * @param {string} state
 * @param {string} room
 * @param {'talk' | 'watch'} role
 * @param {string[]} more
 */
export function linkWithToken(server, state, room, role, ...more) {
  const options = ['--state-dir', state, 'token', '--room', room, '--role', role, '--url', server.origin, ...more];
  return execFileSync(setting('ONAIR_SERVER'), options, { encoding: 'utf8' }).trim().split('\n')[1];
}

/**
 * Opens a talker's page and goes on air.
 * @param {Browser} browser
 * @param {{ origin: string }} server
 * @param {string} room
 * @param {Options} [options]
 */
export async function goOnAir(browser, server, room, options) {
  const talker = await browser.open(`${server.origin}/talk.html?${room}`, undefined, options);
  await talker.press('start-video');
  await talker.shows('badge');
  return talker;
}

/**
 * Notes from now on, in window.testPicture, what a viewer's picture shows.
 * @param {Page} viewer
 */
export const watchPicture = (viewer) =>
  viewer.evaluate(() => {
    const video = document.getElementById('remote-video');
    const side = 8; // of the picture that is looked at, in pixels
    const nearlyBlack = 24; // of 255
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = side;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas');
    const noted = { frames: 0, black: 0, gap: 0 };
    let last = performance.now();
    window.testPicture = noted;
    const shown = () => {
      if (window.testPicture !== noted) return; // it is watched anew
      const now = performance.now();
      noted.gap = Math.max(noted.gap, now - last);
      last = now;
      ++noted.frames;
      context.drawImage(video, 0, 0, side, side);
      const { data } = context.getImageData(0, 0, side, side);
      if (data.every((value, i) => i % 4 === 3 || value < nearlyBlack)) ++noted.black;
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  });

/** @param {Page} viewer after watchPicture() */
export const pictureOf = (viewer) => viewer.evaluate(() => window.testPicture);

/**
 * Whether all that a viewer's page receives comes by the forwarder, whose descriptions are ICE-lite, unlike a talker's.
 * @param {Page} viewer
 */
export const isForwarded = (viewer) =>
  viewer.evaluate(() =>
    window.testConnections
      .filter((each) => each.connectionState === 'connected')
      .every((each) => each.remoteDescription?.sdp.includes('a=ice-lite')),
  );
