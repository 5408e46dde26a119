// Tests the broadcaster's page as people use it.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { probe, recorded, recordFor, seek } from './recordings.mjs';
import { Chromium, goOnAir, Page, Server, until } from './support.mjs';

/** @type {Server} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await Server.start();
  chromium = await Chromium.start('/usr/bin/chromium', [
    '--use-fake-device-for-media-stream=device-count=3',
  ]);
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

/** @param {string} path */
const open = (path) => chromium.open(`${server.origin}/${path}`);
/** @param {Page} page */
const stage = (page) => page.evaluate(() => document.documentElement.dataset.stage);
/** @param {Page} page */
const pictureOf = (page) => page.evaluate(() => window.testPreview().getVideoTracks()[0].getSettings().deviceId);

/** @param {Page[]} pages */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }
}

test('shows the preview only to the broadcaster, until On Air', async () => {
  const viewer = await open('watch.html?preview');
  const talker = await open('talk.html?preview');
  await talker.press('preview');
  await until('the preview is there', async () => (await stage(talker)) === 'preview');
  await viewer.says('cover', /Waiting/);
  assert.equal(await viewer.openConnections(), 0);
  assert.equal(await talker.shown('badge'), false);
  await talker.press('on-air');
  await viewer.decodesFrames();
  await talker.says('clock', /^0:00:0[1-9]$/);
  assert.match(await talker.page.title(), /On Air/);
  await talker.press('stop-video');
  await until('the broadcast is over', async () => (await stage(talker)) === 'idle');
  await close(viewer, talker);
});

test('asks before the page is left on air', async () => {
  const talker = await goOnAir(chromium, server, 'leaving');
  const asking = talker.page.waitForEvent('dialog');
  const [dialog] = await Promise.all([asking, talker.page.close({ runBeforeUnload: true })]);
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  assert.ok(await talker.shown('badge'), 'and the broadcast goes on');
  await close(talker);
});

test('keeps the screen awake on air and shares the link with other programs', async () => {
  const talker = await chromium.open(`${server.origin}/talk.html?awake`, () => {
    window.testLocks = 0;
    const release = async () => --window.testLocks;
    /** @param {string} type */
    const request = async (type) => {
      if (type === 'screen') ++window.testLocks;
      return { released: false, release };
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
    navigator.share = async (shared) => {
      window.testShared = shared;
    };
  });
  const locks = () => talker.evaluate(() => window.testLocks);
  await talker.press('start-video');
  await until('the screen stays awake', async () => (await locks()) === 1);
  await talker.press('share');
  assert.match(String(await talker.evaluate(() => window.testShared?.url)), /watch\.html\?awake$/);
  await talker.press('stop-video');
  await until('the screen may sleep', async () => (await locks()) === 0);
  await close(talker);
});

test('switches to another camera on air at once, and remembers it', async () => {
  const talker = await goOnAir(chromium, server, 'devices');
  const viewer = await open('watch.html?devices');
  await viewer.decodesFrames();
  await talker.page.click('summary');
  const cameras = await talker.evaluate(() =>
    [...document.getElementById('camera-device').options].map(({ value }) => value),
  );
  assert.ok(cameras.length >= 3, `the browser's choice and its cameras: ${cameras}`);
  const before = await pictureOf(talker);
  const other = cameras[cameras.length - 1]; // Chromium's second fake camera is a depth camera
  assert.notEqual(other, before);
  await talker.page.selectOption('#camera-device', other);
  await until('the other camera is used', async () => (await pictureOf(talker)) === other);
  await viewer.decodesFrames();
  assert.equal(await viewer.evaluate(() => window.testConnections.length), 1);
  await talker.press('stop-video');

  await talker.reload();
  await talker.press('preview');
  await until('the preview is there', async () => (await stage(talker)) === 'preview');
  assert.equal(await pictureOf(talker), other);
  await close(viewer, talker);
});

test('takes the same camera again when the system ends it on air, and no other', async () => {
  const talker = await goOnAir(chromium, server, 'unplugged');
  const viewer = await open('watch.html?unplugged');
  await viewer.decodesFrames();
  const before = await pictureOf(talker);
  await talker.evaluate(() => {
    const [track] = window.testPreview().getVideoTracks();
    window.testEnded = track;
    track.dispatchEvent(new Event('ended'));
  });
  await until('another track is shown', () =>
    talker.evaluate(
      () => window.testPreview()?.getVideoTracks()[0] !== window.testEnded,
    ),
  );
  await viewer.decodesFrames();
  assert.ok(await talker.shown('badge'));
  assert.equal(await pictureOf(talker), before);
  await close(viewer, talker);
});

test('switches microphone and camera off, and the page says so', async () => {
  const talker = await goOnAir(chromium, server, 'muted');
  const enabled = () =>
    talker.evaluate(() =>
      window
        .testPreview()
        .getTracks()
        .map((track) => [track.kind, track.enabled]),
    );
  await talker.press('microphone');
  await talker.says('silent', /Microphone is off/);
  await talker.press('camera');
  await talker.says('unseen', /Camera is off/);
  assert.deepEqual(Object.fromEntries(await enabled()), { audio: false, video: false });
  await talker.press('microphone');
  await talker.press('camera');
  await talker.says('silent', /^$/);
  assert.deepEqual(Object.fromEntries(await enabled()), { audio: true, video: true });
  await close(talker);
});

test('mixes the screen’s sound with the microphone, and shows the camera again afterwards', async () => {
  const talker = await goOnAir(chromium, server, 'mixed');
  const viewer = await open('watch.html?mixed');
  await viewer.decodesFrames();
  await talker.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [400, 200];
    const context = canvas.getContext('2d');
    setInterval(() => context?.fillRect(Math.random() * 400, Math.random() * 200, 9, 9), 50);
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const sound = audio.createMediaStreamDestination();
    tone.connect(sound);
    tone.start();
    navigator.mediaDevices.getDisplayMedia = async () =>
      new MediaStream([...canvas.captureStream(20).getTracks(), ...sound.stream.getTracks()]);
  });
  await talker.press('microphone');
  const energy = async () => (await viewer.stats()).energy;
  await talker.press('start-screen');
  await until('the viewer sees the screen', () =>
    viewer.evaluate(() => document.getElementById('remote-video').videoWidth === 400),
  );
  const muted = await energy();
  await until('the screen’s sound arrives although the microphone is muted', async () => (await energy()) > muted + 0.01);
  await talker.evaluate(() => {
    window.testPreview().getVideoTracks()[0].dispatchEvent(new Event('ended'));
  });
  await talker.says('notice', /camera again/);
  await until('the viewer sees the camera', () =>
    viewer.evaluate(() => document.getElementById('remote-video').videoWidth === 320),
  );
  await close(viewer, talker);
});

test('lists each viewer with its state and figures', async () => {
  const talker = await goOnAir(chromium, server, 'list');
  const viewer = await open('watch.html?list');
  await talker.says('audience', /Viewer 1live.*Mbit\/s · \d+ ms · \d/);
  await viewer.write('hello', 'Aki');
  await talker.says('audience', /Akilive/);
  await viewer.close();
  await talker.says('audience', /^$/);
  await close(talker);
});

test('shows the link, copies it and makes a QR code of it', async () => {
  const talker = await open('talk.html?invite');
  await talker.says('watch-link', /watch\.html\?invite$/);
  // The page is open at localhost, where others don't reach it.
  await talker.says('watch-link', /^http:\/\/10\.77\.0\.1:/);
  await talker.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await talker.press('copy');
  await talker.says('shared', /Copied/);
  assert.match(await talker.evaluate(() => navigator.clipboard.readText()), /watch\.html\?invite$/);
  await talker.press('show-qr');
  await until('the code is shown', () => talker.evaluate(() => document.getElementById('qr').naturalWidth > 0));
  await close(talker);
});

test('records a file that plays', async () => {
  const talker = await goOnAir(chromium, server, 'recorded');
  await talker.press('record');
  await talker.says('recording', /Recording/);
  await recordFor(talker, 3);
  const downloading = talker.page.waitForEvent('download');
  await talker.press('record');
  const download = await downloading;
  assert.match(download.suggestedFilename(), /^recorded-.*-1\.webm$/);
  const file = await download.path();
  assert.ok(statSync(file).size > 10_000);
  const { kinds, seconds, duration } = probe(file);
  assert.deepEqual(kinds, ['audio', 'video']);
  assert.ok(seconds >= 2.5, `${seconds} s`);
  assert.ok(Math.abs(duration - seconds) < 0.5, `it says that it has ${duration} s, and has ${seconds} s`);
  const sought = await seek(talker, file, 2);
  assert.ok(Number.isFinite(sought.duration), 'a player knows its length');
  assert.equal(sought.time, 2);
  await talker.says('unsaved-text', /keeps a copy of the recording/);
  const again = talker.page.waitForEvent('download');
  await talker.press('save-unsaved');
  assert.equal(statSync(await (await again).path()).size, statSync(file).size, 'it can be saved again');
  await talker.press('discard-unsaved');
  await talker.says('unsaved-text', /^$/);
  await recorded(talker, 0);
  await close(talker);
});

test('a browser without storage says that it records in memory, and gives the file', async () => {
  const talker = await goOnAir(chromium, server, 'unkept');
  await talker.evaluate(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  });
  await talker.press('record');
  await talker.says('recording', /Recording/);
  await talker.says('notice', /stays in memory/);
  const before = Date.now();
  await until('something is recorded', () => Date.now() > before + 2_000);
  const downloading = talker.page.waitForEvent('download');
  await talker.press('record');
  const { kinds, duration } = probe(await (await downloading).path());
  assert.deepEqual(kinds, ['audio', 'video']);
  assert.ok(duration > 1, `${duration} s`);
  await talker.says('notice', /^$/);
  await close(talker);
});

test('full storage ends the recording, says so and gives the file of what there is', async () => {
  const talker = await goOnAir(chromium, server, 'crowded');
  await talker.evaluate(() => {
    const { add } = IDBObjectStore.prototype;
    let pieces = 0;
    IDBObjectStore.prototype.add = function (/** @type {unknown} */ value) {
      if (this.name === 'pieces' && ++pieces > 2) throw new DOMException('no space', 'QuotaExceededError');
      return add.call(this, value);
    };
  });
  const downloading = talker.page.waitForEvent('download');
  await talker.press('record');
  await talker.says('notice', /no space left.*Saved as crowded-/);
  const { kinds, duration } = probe(await (await downloading).path());
  assert.deepEqual(kinds, ['audio', 'video']);
  assert.ok(duration > 2, `${duration} s: the third second is there too`);
  await talker.says('recording', /^$/);
  assert.equal(await talker.text('record'), 'Record');
  await close(talker);
});

test('the copy of a saved recording makes room for the next one', async () => {
  const talker = await goOnAir(chromium, server, 'room-made');
  await talker.press('record');
  await recordFor(talker, 1);
  const first = talker.page.waitForEvent('download');
  await talker.press('record');
  await first;
  await talker.says('unsaved-text', /keeps a copy/);
  await talker.evaluate(() => {
    const { add, delete: remove } = IDBObjectStore.prototype;
    let full = true;
    IDBObjectStore.prototype.add = function (/** @type {unknown} */ value) {
      if (this.name === 'pieces' && full) throw new DOMException('no space', 'QuotaExceededError');
      return add.call(this, value);
    };
    IDBObjectStore.prototype.delete = function (/** @type {IDBValidKey} */ key) {
      full = false;
      return remove.call(this, key);
    };
  });
  await talker.press('record');
  await talker.says('unsaved-text', /^$/);
  await recordFor(talker, 3);
  await talker.says('recording', /Recording/);
  const second = talker.page.waitForEvent('download');
  await talker.press('record');
  const { duration } = probe(await (await second).path());
  assert.ok(duration > 2.5, `${duration} s: the first second, which did not fit, is there too`);
  await close(talker);
});

test('says that a recording stalls, and goes on when something comes', async () => {
  const talker = await goOnAir(chromium, server, 'stalled');
  await talker.evaluate(() => {
    const { setTimeout: wait } = window;
    const sooner = (/** @type {() => void} */ run, /** @type {number} */ pause) => wait(run, pause === 10_000 ? 4_000 : pause);
    window.setTimeout = /** @type {typeof window.setTimeout} */ (sooner);
    window.MediaRecorder = class extends MediaRecorder {
      /**
       * @param {MediaStream} stream
       * @param {MediaRecorderOptions} [options]
       */
      constructor(stream, options) {
        super(stream, options);
        window.testRecorder = this;
      }
    };
  });
  await talker.press('record');
  await recordFor(talker, 1);
  await talker.evaluate(() => window.testRecorder.pause()); // then it gives nothing
  await talker.says('notice', /nothing new came to be recorded/);
  await talker.says('recording', /Recording/);
  await talker.evaluate(() => window.testRecorder.resume());
  await talker.says('notice', /^$/);
  await recordFor(talker, 3);
  const downloading = talker.page.waitForEvent('download');
  await talker.press('record');
  const { kinds, duration } = probe(await (await downloading).path());
  assert.deepEqual(kinds, ['audio', 'video']);
  assert.ok(duration > 1.5, `${duration} s`);
  await close(talker);
});

test('gives the file of a recording whose copy the browser can’t mark as saved', async () => {
  const talker = await goOnAir(chromium, server, 'unmarked');
  await talker.press('record');
  await recordFor(talker, 1);
  await talker.evaluate(() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (
      /** @type {string | Iterable<string>} */ stores,
      /** @type {IDBTransactionMode | undefined} */ mode,
    ) {
      if (stores === 'recordings' && mode === 'readwrite') throw new DOMException('closed', 'InvalidStateError');
      return transaction.call(this, stores, mode);
    };
  });
  const downloading = talker.page.waitForEvent('download');
  await talker.press('record');
  assert.deepEqual(probe(await (await downloading).path()).kinds, ['audio', 'video']);
  await talker.says('unsaved-text', /keeps a copy/);
  assert.equal(await talker.text('notice'), '');
  await close(talker);
});

test('Record pressed twice quickly records nothing', async () => {
  const talker = await goOnAir(chromium, server, 'twice');
  const started = await talker.evaluate(async () => {
    const { start } = MediaRecorder.prototype;
    let count = 0;
    MediaRecorder.prototype.start = function (/** @type {number | undefined} */ length) {
      ++count;
      start.call(this, length);
    };
    document.getElementById('record').click();
    document.getElementById('record').click();
    await new Promise((resolve) => {
      indexedDB.open('onair-recordings', 1).onsuccess = resolve; // after the recorder's
    });
    return count;
  });
  assert.equal(started, 0);
  await talker.says('recording', /^$/);
  await recorded(talker, 0);
  const downloading = talker.page.waitForEvent('download');
  await talker.press('record');
  await talker.says('recording', /Recording/);
  await recordFor(talker, 1);
  await talker.press('record');
  assert.match((await downloading).suggestedFilename(), /^twice-/, 'the next recording is whole');
  await close(talker);
});

test('saves on the next visit what was recorded before a crash', async () => {
  const talker = await goOnAir(chromium, server, 'crashed');
  await talker.press('record');
  await recordFor(talker, 3);
  const context = talker.page.context();
  await talker.page.close(); // without notice to the page
  const next = await context.newPage();
  await next.goto(`${server.origin}/talk.html?crashed`);
  await next.waitForSelector('#unsaved:not([hidden])');
  const downloading = next.waitForEvent('download');
  await next.click('#save-unsaved');
  const { kinds, seconds, duration } = probe(await (await downloading).path());
  assert.deepEqual(kinds, ['audio', 'video']);
  assert.ok(seconds >= 1.5, `${seconds} s`);
  assert.ok(Math.abs(duration - seconds) < 0.5, `it says that it has ${duration} s, and has ${seconds} s`);
  await next.reload();
  await next.waitForSelector('#unsaved:not([hidden])');
  assert.match(await next.innerText('#unsaved-text'), /keeps a copy/, 'it is not gone with a download that may have failed');
  await next.click('#discard-unsaved');
  await recorded(next, 0);
  assert.equal(await next.isHidden('#unsaved'), true);
  await context.close();
});

test('sends chat lines from viewers to everyone, as text, and lets the broadcaster moderate', async () => {
  const talker = await goOnAir(chromium, server, 'chat');
  const viewer = await open('watch.html?chat');
  const other = await open('watch.html?chat');
  const hostile = '<img src=x onerror="document.title=1"><script>1</script>&amp; \u202e{n}';
  const shown = hostile.replace('\u202e', ''); // which would turn the rest of the line around
  await viewer.write(hostile, '<b>\u2066Aki</b>');
  await until('the other viewer shows the line', async () => (await other.chat()).length === 1);
  assert.deepEqual(await other.chat(), [['<b>Aki</b>', shown]]);
  assert.deepEqual(await viewer.chat(), [['<b>Aki</b> (You)', shown]]);
  await talker.write('welcome');
  await until('everyone shows the line', async () => (await viewer.chat()).length === 2);
  assert.deepEqual((await viewer.chat())[1], ['Broadcaster', 'welcome']);
  assert.deepEqual((await talker.chat())[1], ['You', 'welcome']);

  const late = await open('watch.html?chat');
  await until('a late viewer shows the lines too', async () => (await late.chat()).length === 2);
  await late.close();

  await talker.page.click('#chat li:first-child button:first-of-type');
  await until('the line is gone', async () => (await other.chat()).length === 1);
  assert.deepEqual(await viewer.chat(), [['Broadcaster', 'welcome']]);

  await talker.page.click('#audience li:first-child button');
  await until('one of the two is muted', async () =>
    (await Promise.all([viewer.text('chat-notice'), other.text('chat-notice')])).some((words) =>
      /muted you/.test(words),
    ),
  );
  for (const page of [talker, viewer, other]) {
    assert.equal(await page.evaluate(() => document.querySelectorAll('#chat img, #chat script').length), 0);
  }
  await close(other, viewer, talker);
});
