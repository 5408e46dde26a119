// Starts the real server and real browsers, and reads what a page really shows.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

const bound = 60_000; // ms; the longest wait before a test fails

/** Runs `ask` repeatedly until its value is true, and gives that value. */
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
  static async start(...options) {
    const server = new Server();
    server.process = spawn(
      process.env.ONAIR_SERVER,
      [
        ...['--port', '0', '--web', process.env.ONAIR_SITE],
        ...['--resume-secret', 'known to the tests alone', ...options],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    // A test that fails before it stops its server must neither block the run nor leave the server running.
    server.process.unref();
    server.process.stdout.unref();
    process.once('exit', () => server.process.kill('SIGKILL'));
    let printed = '';
    server.process.stdout.on('data', (data) => {
      printed += data;
    });
    const [, port] = await until('the server prints its links', () => {
      if (server.process.exitCode !== null) throw new Error('the server ended');
      return /localhost:(\d+)/.exec(printed);
    });
    server.port = Number(port);
    server.origin = `http://localhost:${port}`;
    return server;
  }

  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    await ended;
  }
}

/** Runs in each page before its scripts: records the peer connections and asks for a small picture. */
function instrument() {
  const connections = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...options) {
      super(...options);
      connections.push(this);
    }
  };
  if (window.webkitRTCPeerConnection) window.webkitRTCPeerConnection = window.RTCPeerConnection;
  window.testConnections = connections;
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const getUserMedia = devices.getUserMedia.bind(devices);
  // Two cores encode and decode everything here, so the fake camera gives a small picture.
  devices.getUserMedia = (constraints) => {
    window.testConstraints = constraints;
    return getUserMedia({ ...constraints, video: { ...constraints.video, width: 320, height: 240 } });
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
  /** `executable` may be a script that starts Chromium elsewhere; `flags` follow the usual ones. */
  static async start(executable = '/usr/bin/chromium', flags = []) {
    const browser = new Chromium();
    browser.browser = await chromium.launch({
      executablePath: executable,
      args: [...chromiumFlags, ...flags],
    });
    return browser;
  }

  /** `options` are those of Playwright's newContext: viewport, locale, colorScheme and so on. */
  async open(url, prepare, options) {
    // Stands for a person who accepts the warning about a self-signed certificate.
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, ...options });
    await context.addInitScript(instrument);
    if (prepare) await context.addInitScript(prepare);
    const page = await context.newPage();
    const opened = new Page(page, () => context.close());
    page.on('console', (message) => opened.heard(message.type(), message.text()));
    page.on('pageerror', (error) => opened.heard('error', String(error)));
    await page.goto(url);
    return opened;
  }

  stop() {
    return this.browser.close();
  }
}

export class Firefox {
  static async start() {
    const browser = new Firefox();
    browser.profile = mkdtempSync(join(tmpdir(), 'onair-firefox-'));
    browser.browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      userDataDir: browser.profile,
      extraPrefsFirefox: {
        'media.navigator.streams.fake': true,
        'media.navigator.permission.disabled': true,
        'media.autoplay.default': 0,
        'media.autoplay.blocking_policy': 0,
        'network.captive-portal-service.enabled': false,
        'network.connectivity-service.enabled': false,
        'app.update.enabled': false,
      },
    });
    return browser;
  }

  async open(url) {
    const context = await this.browser.createBrowserContext();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(instrument);
    const opened = new Page(page, () => context.close());
    page.on('console', (message) => opened.heard(message.type(), message.text()));
    page.on('pageerror', (error) => opened.heard('error', String(error)));
    await page.goto(url);
    return opened;
  }

  async stop() {
    await this.browser.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/** A tab, with the same interface in both browsers. */
class Page {
  constructor(page, close) {
    this.page = page;
    this.close = close;
    this.errors = [];
    this.console = [];
  }

  heard(type, text) {
    this.console.push(`${type}: ${text}`);
    if (type === 'error') this.errors.push(text);
  }

  evaluate(run, ...passed) {
    return this.page.evaluate(run, ...passed);
  }

  /** Sends a line to the chat as soon as the chat is open. */
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
        line.querySelector('.who').textContent,
        line.querySelector('.words').textContent,
      ]),
    );
  }

  /** Presses a button as soon as it is enabled. */
  async press(id) {
    await until(`#${id} can be pressed`, () =>
      this.evaluate((name) => document.getElementById(name)?.disabled === false, id),
    );
    await this.page.click(`#${id}`);
  }

  text(id) {
    return this.evaluate((name) => {
      const element = document.getElementById(name);
      return element.hidden ? '' : element.textContent;
    }, id);
  }

  async says(id, pattern) {
    try {
      await until(`#${id} says ${pattern}`, async () => pattern.test(await this.text(id)));
    } catch (error) {
      throw new Error(`${error.message}; it says “${await this.text(id)}”`, { cause: error });
    }
  }

  shown(id) {
    return this.evaluate((name) => !document.getElementById(name).hidden, id);
  }

  /** Reads getStats of the connection in use: {frames, energy, samples, channel, state}. */
  stats() {
    return this.evaluate(async () => {
      const connection = window.testConnections.filter((each) => each.connectionState !== 'closed').at(-1);
      const found = { state: connection?.connectionState, frames: 0, energy: 0, channel: '' };
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

  /** Waits until `count` more frames are decoded. */
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

/** Opens a talker's page and goes on air. */
export async function goOnAir(browser, server, room, options) {
  const talker = await browser.open(`${server.origin}/talk.html?${room}`, undefined, options);
  await talker.press('start-video');
  await until('the talker is on air', () => talker.shown('badge'));
  return talker;
}
