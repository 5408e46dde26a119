// Tests that a broadcast starts and goes on with the devices that there are, as README.md promises. Scripts in the
// page take Chromium's fake devices away and give them back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Chromium, Page, Server, until } from './support.mjs';

/** @type {Server} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await Server.start();
  chromium = await Chromium.start('/usr/bin/chromium', ['--use-fake-device-for-media-stream=device-count=3']);
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

/** Runs in the page: devices fail as `testTrouble` says, and a screen of 400 by 200 pixels can be shared. */
function stub() {
  window.testTrouble ??= {};
  window.testTracks = [];
  window.testOneCamera = false;
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  const list = mediaDevices.enumerateDevices.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    for (const kind of /** @type {const} */ (['video', 'audio'])) {
      const name = window.testTrouble[kind];
      if (constraints?.[kind] && name) throw new DOMException('put in by the test', name);
    }
    const running = window.testTracks.some(({ kind, readyState }) => kind === 'video' && readyState === 'live');
    if (constraints?.video && running && window.testOneCamera) throw new DOMException('one at a time', 'NotReadableError');
    const stream = await open(constraints);
    window.testTracks.push(...stream.getTracks());
    return stream;
  };
  mediaDevices.enumerateDevices = async () => {
    const { video, audio } = window.testTrouble;
    const gone = [video === 'NotFoundError' && 'videoinput', audio === 'NotFoundError' && 'audioinput'];
    return (await list()).filter(({ kind }) => !gone.includes(kind));
  };
  window.testPermissions = {};
  const { permissions } = navigator;
  const query = permissions.query.bind(permissions);
  permissions.query = async (asked) => (window.testPermissions[asked.name] = await query(asked));
  mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [400, 200];
    const context = canvas.getContext('2d');
    setInterval(() => context?.fillRect(Math.random() * 400, Math.random() * 200, 9, 9), 50);
    return canvas.captureStream(20);
  };
}

/**
 * Opens a talker's page, and a viewer's.
 * @param {string} room
 * @param {Window['testTrouble']} [trouble]
 */
async function open(room, trouble = {}) {
  const prepare = `window.testTrouble = ${JSON.stringify(trouble)}; (${stub})();`;
  const viewer = await chromium.open(`${server.origin}/watch.html?${room}`);
  const talker = await chromium.open(`${server.origin}/talk.html?${room}`, prepare);
  return { viewer, talker };
}

/**
 * @param {Page} talker
 * @param {'start-video' | 'start-screen'} [start]
 */
async function goOnAir(talker, start = 'start-video') {
  await talker.press(start);
  await talker.shows('badge');
}

/** @param {Page} talker */
const plugIn = (talker) =>
  talker.evaluate(() => {
    window.testTrouble = {};
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });

/**
 * Ends a track of the preview as its device would.
 * @type {(talker: Page, kind: 'video' | 'audio') => Promise<void>}
 */
const unplug = (talker, kind) =>
  talker.evaluate((which) => {
    const track = window.testPreview().getTracks().find((each) => each.kind === which);
    track?.stop();
    track?.dispatchEvent(new Event('ended'));
  }, kind);

/**
 * Takes one camera of several away, until `testUnplugged` is false.
 * @type {(talker: Page, camera: string) => Promise<void>}
 */
const takeAway = (talker, camera) =>
  talker.evaluate((gone) => {
    const { mediaDevices } = navigator;
    const [ask, list] = [mediaDevices.getUserMedia.bind(mediaDevices), mediaDevices.enumerateDevices.bind(mediaDevices)];
    window.testUnplugged = true;
    mediaDevices.getUserMedia = (constraints) =>
      window.testUnplugged && JSON.stringify(constraints).includes(gone)
        ? Promise.reject(new DOMException('put in by the test', 'OverconstrainedError'))
        : ask(constraints);
    mediaDevices.enumerateDevices = async () =>
      (await list()).filter(({ deviceId }) => !window.testUnplugged || deviceId !== gone);
  }, camera);

/** @param {Page} talker */
const cameraOf = (talker) =>
  talker.evaluate(() => window.testPreview().getVideoTracks()[0]?.getSettings().deviceId ?? '');

/** @type {(viewer: Page, width: number) => Promise<boolean>} */
const sees = (viewer, width) =>
  until(`the viewer sees ${width} pixels`, () =>
    viewer.evaluate((wanted) => document.getElementById('remote-video').videoWidth === wanted, width),
  );

/**
 * Waits until new sound arrives, and the page plays.
 * @param {Page} viewer
 */
async function hears(viewer) {
  const { energy } = await viewer.stats();
  const time = () => viewer.evaluate(() => document.getElementById('remote-video').currentTime);
  const before = await time();
  await until('the viewer hears more', async () => (await viewer.stats()).energy > energy + 0.001);
  await until('the page plays', async () => (await time()) > before);
}

/** @param {Page[]} pages */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }
}

test('starts without a microphone, says so, and takes it in when it is plugged in', async () => {
  const { viewer, talker } = await open('no-microphone', { audio: 'NotFoundError' });
  await goOnAir(talker);
  await viewer.decodesFrames();
  await talker.says('notice', /No microphone was found/);
  await viewer.says('notice', /sends no sound/);
  assert.equal(await talker.evaluate(() => document.getElementById('microphone').ariaPressed), 'false');
  await plugIn(talker);
  await hears(viewer);
  await talker.says('notice', /^$/);
  await viewer.says('notice', /^$/);
  await close(viewer, talker);
});

test('starts without a camera, is heard, and takes the camera in when it is plugged in', async () => {
  const { viewer, talker } = await open('no-camera', { video: 'NotFoundError' });
  await goOnAir(talker);
  await talker.says('notice', /No camera was found/);
  await viewer.says('notice', /sound only/);
  await hears(viewer);
  await plugIn(talker);
  await viewer.decodesFrames();
  await sees(viewer, 320);
  await hears(viewer);
  await talker.says('notice', /^$/);
  await viewer.says('notice', /^$/);
  await close(viewer, talker);
});

test('starts with the other where one is busy or refused', async () => {
  for (const [room, trouble, words] of /** @type {const} */ ([
    ['busy', { video: 'NotReadableError' }, /camera is busy/],
    ['refused', { audio: 'NotAllowedError' }, /did not allow the microphone/],
  ])) {
    const { viewer, talker } = await open(room, trouble);
    await goOnAir(talker);
    await talker.says('notice', words);
    await close(viewer, talker);
  }
});

test('asks for a busy microphone again by its button, and by Start video, which the notice names', async () => {
  for (const button of /** @type {const} */ (['microphone', 'start-video'])) {
    const { viewer, talker } = await open(`busy-${button}`, { audio: 'NotReadableError' });
    await goOnAir(talker);
    await talker.says('notice', /microphone is busy.*press Start video again/);
    await talker.shows('start-video');
    await talker.evaluate(() => {
      window.testTrouble = {};
    });
    await talker.press(button);
    await hears(viewer);
    await talker.says('notice', /^$/);
    await close(viewer, talker);
  }
});

test('shows the reasons where neither can be had', async () => {
  const { viewer, talker } = await open('neither', { video: 'NotFoundError', audio: 'NotAllowedError' });
  await talker.press('start-video');
  await talker.says('notice', /No camera was found.*did not allow the microphone/);
  assert.equal(await talker.evaluate(() => document.documentElement.dataset.stage), 'idle');
  await close(viewer, talker);
});

test('switches between cameras that can’t be open at once, and back where the other fails', async () => {
  const { viewer, talker } = await open('one-at-a-time');
  await goOnAir(talker);
  await viewer.decodesFrames();
  await talker.evaluate(() => {
    window.testOneCamera = true;
  });
  await talker.page.click('summary');
  const menu = () => talker.evaluate(() => document.getElementById('camera-device').value);
  const sent = () => talker.evaluate(() => window.testPreview().getVideoTracks()[0].getSettings().deviceId);
  const cameras = await talker.evaluate(() =>
    [...document.getElementById('camera-device').options].map(({ value }) => value),
  );
  const other = cameras[cameras.length - 1]; // Chromium's second fake camera is a depth camera
  await talker.page.selectOption('#camera-device', other);
  await until('the other camera is sent', async () => (await sent()) === other);
  assert.equal(await menu(), other);
  await viewer.decodesFrames();

  await talker.evaluate((works) => {
    const { mediaDevices } = navigator;
    const openDevice = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (constraints) =>
      JSON.stringify(constraints).includes(works)
        ? openDevice(constraints)
        : Promise.reject(new DOMException('put in by the test', 'NotReadableError'));
  }, other);
  await talker.page.selectOption('#camera-device', cameras[1]);
  await talker.says('notice', /can’t be used/);
  await until('the menu shows what is sent', async () => (await menu()) === other);
  await until('the camera before is sent again', async () => (await sent()) === other);
  await viewer.decodesFrames();
  await close(viewer, talker);
});

test('replaces the microphone alone when a headset is unplugged during a screen share', async () => {
  const { viewer, talker } = await open('headset');
  await goOnAir(talker);
  await talker.press('start-screen');
  await sees(viewer, 400);
  const cameras = () => talker.evaluate(() => window.testTracks.filter(({ kind }) => kind === 'video').length);
  const before = await cameras();
  await unplug(talker, 'audio');
  await talker.says('notice', /unplugged/);
  await hears(viewer);
  await viewer.decodesFrames();
  await sees(viewer, 400);
  assert.equal(await cameras(), before, 'no camera was opened');
  await close(viewer, talker);
});

test('leaves the chosen camera alone when the microphone is unplugged, and goes on without one', async () => {
  const { viewer, talker } = await open('microphone-lost');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const camera = () => talker.evaluate(() => window.testPreview().getVideoTracks()[0].id);
  const before = await camera();
  await unplug(talker, 'audio');
  await hears(viewer);
  assert.equal(await camera(), before);
  await talker.evaluate(() => {
    window.testTrouble = { audio: 'NotFoundError' };
  });
  await unplug(talker, 'audio');
  await talker.says('notice', /microphone was unplugged and there is no other/);
  await viewer.says('notice', /sends no sound/);
  await viewer.decodesFrames();
  assert.equal(await camera(), before);
  await close(viewer, talker);
});

test('goes on with the sound when the camera is unplugged, and begins no other by itself', async () => {
  const { viewer, talker } = await open('camera-lost');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const before = await cameraOf(talker);
  const cameras = () => talker.evaluate(() => window.testTracks.filter(({ kind }) => kind === 'video').length);
  assert.equal(await cameras(), 1);
  await takeAway(talker, before); // the others are there
  await unplug(talker, 'video');
  await talker.says('notice', /camera was unplugged.*Start video/);
  await viewer.says('notice', /sound only/);
  await hears(viewer);
  await talker.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
  await hears(viewer);
  assert.equal(await cameras(), 1, 'no other camera was opened');
  await talker.evaluate(() => {
    window.testUnplugged = false;
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  await until('the same camera is back', async () => (await cameraOf(talker)) === before);
  await viewer.decodesFrames();
  await talker.says('notice', /^$/);
  await close(viewer, talker);
});

test('sends the microphone with a screen from a standing start', async () => {
  const { viewer, talker } = await open('screen-first');
  await goOnAir(talker, 'start-screen');
  await sees(viewer, 400);
  await hears(viewer);
  const { ariaPressed, textContent } = await talker.evaluate(() => {
    const camera = document.getElementById('camera');
    return { ariaPressed: camera.ariaPressed, textContent: document.getElementById('camera-state').textContent };
  });
  assert.deepEqual([ariaPressed, textContent], ['false', 'off'], 'no camera is open');
  await talker.press('microphone');
  assert.deepEqual(await talker.evaluate(() => window.testTracks.map(({ kind, enabled }) => [kind, enabled])), [
    ['audio', false],
  ]);
  await close(viewer, talker);
});

test('tells broadcaster and viewers when the system interrupts the camera, and when that is over', async () => {
  const { viewer, talker } = await open('interrupted');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const interrupt = (/** @type {'mute' | 'unmute'} */ event) =>
    talker.evaluate((name) => {
      window.testPreview().getVideoTracks()[0].dispatchEvent(new Event(name));
    }, event);
  await interrupt('mute');
  await talker.says('notice', /interrupted the picture/);
  await viewer.says('notice', /picture is interrupted/);
  await interrupt('unmute');
  await talker.says('notice', /^$/);
  await viewer.says('notice', /^$/);
  await close(viewer, talker);
});

test('records on where the level meter fails', async () => {
  const { viewer, talker } = await open('meter');
  await goOnAir(talker);
  await viewer.decodesFrames();
  await talker.press('record');
  await talker.says('recording', /Recording/);
  await talker.evaluate(() => {
    AudioContext.prototype.createMediaStreamSource = () => {
      throw new DOMException('another sample rate', 'NotSupportedError');
    };
  });
  const first = talker.page.waitForEvent('download');
  await talker.press('start-screen');
  assert.match((await first).suggestedFilename(), /-1\.webm$/);
  await sees(viewer, 400);
  await talker.says('recording', /Recording/);
  assert.equal(await talker.shown('level'), false);
  const second = talker.page.waitForEvent('download');
  await talker.press('record');
  assert.match((await second).suggestedFilename(), /-2\.webm$/);
  await close(viewer, talker);
});

test('shows in the menu that another microphone is sent where the chosen one was unplugged, and remembers that one', async () => {
  const { viewer, talker } = await open('headset');
  await goOnAir(talker);
  await talker.page.click('summary');
  const menu = () => talker.evaluate(() => document.getElementById('microphone-device').value);
  const sent = () => talker.evaluate(() => window.testPreview().getAudioTracks()[0]?.getSettings().deviceId);
  const choices = () =>
    talker.evaluate(() => [...document.getElementById('microphone-device').options].map(({ value }) => value));
  const headset = (await choices()).at(-1) ?? '';
  await talker.page.selectOption('#microphone-device', headset);
  await until('the headset is sent', async () => (await sent()) === headset);
  await takeAway(talker, headset);
  await unplug(talker, 'audio');
  await until('another one is sent', async () => (await sent()) !== headset);
  await talker.evaluate(() => {
    window.testUnplugged = false;
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  await until('the headset is back', async () => (await choices()).includes(headset));
  assert.equal(await menu(), '');
  const kept = await talker.evaluate(() => JSON.parse(localStorage.getItem('onair-devices') ?? '{}'));
  assert.equal(kept.microphone, headset);
  await talker.page.selectOption('#microphone-device', headset);
  await until('the headset is sent again', async () => (await sent()) === headset);
  await hears(viewer);
  await close(viewer, talker);
});

test('sends music in stereo and unprocessed, and remembers it', async () => {
  const { viewer, talker } = await open('music');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const parameters = () =>
    viewer.evaluate(async () => {
      const reports = [...(await window.testConnections.at(-1)?.getStats() ?? new Map()).values()];
      const { codecId } = reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio') ?? {};
      return String(reports.find(({ id }) => id === codecId)?.sdpFmtpLine);
    });
  assert.doesNotMatch(await parameters(), /stereo/);
  await talker.page.click('summary');
  await talker.page.selectOption('#sound', 'music');
  await until('the viewer gets stereo', async () => /(^|;)stereo=1/.test(await parameters()));
  await hears(viewer);
  await viewer.decodesFrames();
  const { audio } = await talker.evaluate(() => Object(window.testConstraints));
  assert.equal(audio.echoCancellation, false);
  assert.equal(await viewer.evaluate(() => window.testConnections.length), 1, 'over the same connection');
  await talker.press('stop-video');
  await talker.reload();
  await talker.press('start-video');
  await talker.shows('badge');
  assert.equal((await talker.evaluate(() => Object(window.testConstraints))).audio.noiseSuppression, false);
  await talker.page.click('summary');
  assert.equal(await talker.evaluate(() => document.getElementById('sound').value), 'music');
  await close(viewer, talker);
});

test('takes a refused microphone in when the person allows it', async () => {
  const { viewer, talker } = await open('allowed', { audio: 'NotAllowedError' });
  await goOnAir(talker);
  await talker.says('notice', /did not allow the microphone/);
  await talker.evaluate(() => {
    window.testTrouble = {};
    const { microphone } = window.testPermissions;
    Object.defineProperty(microphone, 'state', { value: 'granted' });
    microphone.dispatchEvent(new Event('change'));
  });
  await hears(viewer);
  await talker.says('notice', /^$/);
  await close(viewer, talker);
});

test('shows another camera that the broadcaster picks after one was unplugged', async () => {
  const { viewer, talker } = await open('picks-another');
  await goOnAir(talker);
  await viewer.decodesFrames();
  await talker.page.click('summary');
  const [, first, , last] = await talker.evaluate(() =>
    [...document.getElementById('camera-device').options].map(({ value }) => value),
  );
  const before = await cameraOf(talker);
  await takeAway(talker, before);
  await unplug(talker, 'video');
  await talker.says('notice', /camera was unplugged/);
  await viewer.says('notice', /sound only/);
  await talker.page.selectOption('#camera-device', before === last ? first : last);
  await sees(viewer, 320);
  await viewer.decodesFrames();
  assert.notEqual(await cameraOf(talker), before);
  await talker.says('notice', /^$/);
  await close(viewer, talker);
});

test('shows the camera that a screen covered when the screen ends, and says so', async () => {
  const { viewer, talker } = await open('screen-ends');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const before = await cameraOf(talker);
  await talker.press('start-screen');
  await sees(viewer, 400);
  await unplug(talker, 'video'); // as the browser's own button "Stop sharing" does
  await sees(viewer, 320);
  assert.equal(await cameraOf(talker), before);
  await talker.says('notice', /no longer shared.*camera again/);
  await close(viewer, talker);
});

test('shows no camera when a screen ends that was first', async () => {
  const { viewer, talker } = await open('screen-alone');
  await goOnAir(talker, 'start-screen');
  await sees(viewer, 400);
  await hears(viewer);
  await unplug(talker, 'video');
  await until('the broadcast of the screen is over', async () => (await talker.evaluate(() => window.testPreview()?.getVideoTracks().length ?? 0)) === 0);
  assert.equal(await talker.evaluate(() => window.testTracks.some(({ kind }) => kind === 'video')), false);
  await close(viewer, talker);
});

test('tells broadcaster and viewers when the system interrupts the microphone, and when that is over', async () => {
  const { viewer, talker } = await open('call');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const interrupt = (/** @type {'mute' | 'unmute'} */ event) =>
    talker.evaluate((name) => {
      window.testPreview().getAudioTracks()[0].dispatchEvent(new Event(name));
    }, event);
  await interrupt('mute');
  await talker.says('notice', /interrupted the microphone/);
  await viewer.says('notice', /sound is interrupted/);
  await interrupt('unmute');
  await talker.says('notice', /^$/);
  await viewer.says('notice', /^$/);
  await viewer.decodesFrames();
  await close(viewer, talker);
});

test('keeps the preview while a screen is chosen, and where the choice is cancelled', async () => {
  const { viewer, talker } = await open('picker');
  const isIn = (/** @type {string} */ stage) =>
    until(`the stage is ${stage}`, () =>
      talker.evaluate((wanted) => document.documentElement.dataset.stage === wanted, stage),
    );
  const time = () => talker.evaluate(() => document.getElementById('local-video').currentTime);
  const isWhole = async () => {
    const states = await talker.evaluate(() => window.testTracks.map(({ kind, readyState }) => `${kind} ${readyState}`));
    assert.deepEqual(states.sort(), ['audio live', 'video live'], 'the tracks of the preview, and no others');
    const before = await time();
    await until('the preview goes on', async () => (await time()) > before);
  };
  await talker.press('preview');
  await isIn('preview');
  await talker.evaluate(() => {
    navigator.mediaDevices.getDisplayMedia = () =>
      new Promise((_, reject) => {
        const cancel = () => reject(new DOMException('put in by the test', 'NotAllowedError'));
        addEventListener('test-cancel', cancel, { once: true });
      });
  });
  await talker.press('start-screen');
  await isIn('starting');
  await isWhole();
  await talker.evaluate(() => dispatchEvent(new Event('test-cancel')));
  await isIn('preview');
  await talker.says('notice', /The screen is not shared/);
  await isWhole();
  await talker.press('on-air');
  await sees(viewer, 320);
  await viewer.decodesFrames();
  await isWhole();
  await close(viewer, talker);
});

test('shows the screen to a viewer whose connection takes no other picture', async () => {
  const { viewer, talker } = await open('no-replacing');
  await goOnAir(talker);
  await sees(viewer, 320);
  await talker.evaluate(() => {
    RTCRtpSender.prototype.replaceTrack = () =>
      Promise.reject(new DOMException('put in by the test', 'InvalidModificationError'));
  });
  await talker.press('start-screen');
  await sees(viewer, 400);
  await viewer.decodesFrames();
  await hears(viewer);
  assert.equal(await viewer.openConnections(), 1);
  await close(viewer, talker);
});

test('asks the encoder to keep a screen sharp, and not a camera', async () => {
  const { viewer, talker } = await open('sharp');
  await goOnAir(talker);
  await viewer.decodesFrames();
  const preference = () =>
    talker.evaluate(() => {
      const sender = window.testConnections.at(-1)?.getSenders().find(({ track }) => track?.kind === 'video');
      return [sender?.track?.contentHint, sender?.getParameters().degradationPreference];
    });
  assert.notEqual((await preference())[1], 'maintain-resolution');
  await talker.press('start-screen');
  await sees(viewer, 400);
  await until('the screen keeps its size', async () => (await preference())[1] === 'maintain-resolution');
  assert.match(String((await preference())[0]), /^(detail|text)$/);
  await close(viewer, talker);
});

test('goes on air with the sound where the camera sends no frame, says so, and shows the first that comes', async () => {
  const { viewer, talker } = await open('frameless');
  await talker.evaluate(() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const sound = await ask({ audio: constraints?.audio });
      window.testCamera = new window.MediaStreamTrackGenerator({ kind: 'video' });
      return new MediaStream([...sound.getTracks(), window.testCamera]);
    };
  });
  await goOnAir(talker);
  await talker.says('notice', /sends no picture/);
  await viewer.says('notice', /sound only/);
  await hears(viewer);
  await talker.press('record');
  await talker.says('notice', /for 10 seconds no picture came/);
  assert.equal(await talker.text('record'), 'Record');
  await talker.evaluate(() => {
    const writer = window.testCamera.writable.getWriter();
    const canvas = new OffscreenCanvas(400, 200);
    canvas.getContext('2d');
    setInterval(() => {
      const frame = new VideoFrame(canvas, { timestamp: 1000 * performance.now() });
      writer.write(frame).catch(() => frame.close());
    }, 50);
  });
  await sees(viewer, 400);
  await viewer.decodesFrames();
  await hears(viewer);
  await viewer.says('notice', /^$/);
  await close(viewer, talker);
});
