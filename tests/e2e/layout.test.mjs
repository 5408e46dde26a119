// Tests what people see of the studio and the viewer's page at a glance: one primary button, states without colour, and
// on a phone the picture together with a bar for the thumb.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Chromium, goOnAir, Page, Server, until } from './support.mjs';

/** @type {Server} */
let server;
/** @type {Chromium} */
let chromium;

before(async () => {
  server = await Server.start();
  chromium = await Chromium.start();
});

after(async () => {
  await chromium?.stop();
  await server?.stop();
});

/** @typedef {import('./support.mjs').Options} Options */
/** @type {(path: string, options?: Options) => Promise<Page>} */
const open = (path, options) => chromium.open(`${server.origin}/${path}`, undefined, options);
/** @type {(page: Page, stage: string) => Promise<boolean>} */
const reaches = (page, stage) =>
  until(`the studio is ${stage}`, () => page.evaluate((name) => document.documentElement.dataset.stage === name, stage));

/** @param {Page[]} pages */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }
}

/**
 * The ids of what matches `selector` and is shown, in the order of the page.
 * @type {(page: Page, selector: string) => Promise<string[]>}
 */
const seen = (page, selector) =>
  page.evaluate((what) => [...document.querySelectorAll(what)].filter((each) => each.checkVisibility()).map(({ id }) => id), selector);

/**
 * Lists faults seen at a glance: wider than the screen, a word of a button broken or cut, the picture or the bar not
 * whole in view, or the bar above the picture.
 * @param {Page} page
 */
const faults = (page) =>
  page.evaluate(() => {
    const { innerWidth, innerHeight } = window;
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    const stage = document.getElementById('stage').getBoundingClientRect();
    if (stage.top < 0 || stage.bottom > innerHeight || stage.height < 100) found.push(`the picture is at ${stage.top} to ${stage.bottom}`);
    const bars = [...document.querySelectorAll('.thumb')].filter((each) => each.checkVisibility());
    if (bars.length > 1) found.push(`${bars.length} bars`);
    for (const bar of bars) {
      const { top, bottom } = bar.getBoundingClientRect();
      if (Math.round(bottom) !== innerHeight) found.push(`the bar ends at ${bottom}`);
      if (top < stage.bottom) found.push('the bar covers the picture');
      const buttons = [...bar.querySelectorAll('button')].filter((each) => each.checkVisibility());
      const rows = new Set(buttons.map((each) => Math.round(each.getBoundingClientRect().top)));
      if (rows.size > 1) found.push(`the bar has ${rows.size} rows`);
      for (const button of buttons) {
        const { left, right, width } = button.getBoundingClientRect();
        if (left < 0 || right > innerWidth || button.scrollWidth > Math.ceil(width)) found.push(`${button.id} is cut`);
        if (width < 44) found.push(`${button.id} is too narrow for a finger`);
      }
      const ground = getComputedStyle(bar).backgroundColor;
      for (const slider of bar.querySelectorAll('input')) {
        if (getComputedStyle(slider).accentColor === ground) found.push(`${slider.id} has the colour of the bar`);
      }
    }
    return found;
  });

test('has one primary button in each state of the studio, and shows nothing that can’t help', async () => {
  const talker = await open('talk.html?primary');
  const viewer = await open('watch.html?primary');
  await talker.says('link', /Connected/);
  await reaches(talker, 'idle');
  assert.deepEqual(await seen(talker, '.primary'), ['start-video']);
  assert.deepEqual(await seen(talker, '.dock button'), ['microphone', 'camera', 'start-video', 'on-air', 'preview', 'start-screen']);
  await talker.press('preview');
  await reaches(talker, 'preview');
  assert.deepEqual(await seen(talker, '.primary'), ['on-air']);
  assert.deepEqual(await seen(talker, '.dock button'), ['microphone', 'camera', 'stop-video', 'on-air', 'start-screen']);
  await talker.press('on-air');
  await viewer.decodesFrames();
  assert.deepEqual(await seen(talker, '.primary'), ['stop-video']);
  assert.deepEqual(await seen(talker, '.dock button'), ['microphone', 'camera', 'stop-video', 'on-air', 'start-screen', 'record']);
  await talker.says('seen', /^Watching live: 1$/);
  await talker.press('stop-video');
  await reaches(talker, 'idle');
  assert.deepEqual(await seen(talker, '.primary'), ['start-video']);
  await close(viewer, talker);
});

test('offers Start video on air only where it changes something, and keeps all buttons in one row', async () => {
  const talker = await open('talk.html?back');
  await talker.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.getContext('2d');
    navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(5);
  });
  await talker.press('start-video');
  await reaches(talker, 'on_air');
  assert.ok(!(await seen(talker, 'button')).includes('start-video'));
  await talker.press('start-screen');
  await until('Start video leads back', async () => (await seen(talker, 'button')).includes('start-video'));
  for (const width of [1280, 1024, 961, 960, 700, 641]) {
    await talker.page.setViewportSize({ width, height: 800 });
    const ends = await talker.evaluate(() =>
      [...document.querySelectorAll('.dock button')].filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect().bottom),
    );
    assert.equal(ends.length, 7);
    assert.equal(new Set(ends).size, 1, `the buttons are in one row at a width of ${width}`);
  }
  assert.deepEqual(await seen(talker, '.primary'), ['stop-video']);
  await talker.press('start-video');
  await until('the camera is back', async () => !(await seen(talker, 'button')).includes('start-video'));
  await close(talker);
});

test('shows a room that is taken with one way on, and no button that does nothing', async () => {
  const talker = await open('talk.html?taken');
  await talker.press('start-video');
  await reaches(talker, 'on_air');
  const second = await open('talk.html?taken');
  await second.says('cover', /Somebody else/);
  assert.deepEqual(await seen(second, '.primary'), ['watch-instead']);
  assert.deepEqual(await seen(second, '.thumb, #lock, #end-room'), []);
  await close(second, talker);
});

test('offers Request while it can help, and not under a live picture', async () => {
  const viewer = await open('watch.html?ask');
  await viewer.says('cover', /Waiting/);
  await until('Request can be pressed', () => viewer.evaluate(() => !document.getElementById('request').disabled));
  assert.deepEqual(await seen(viewer, '.primary'), ['request']);
  const talker = await open('talk.html?ask');
  await talker.press('start-video');
  await viewer.decodesFrames();
  assert.deepEqual(await seen(viewer, '.primary'), []);
  await talker.press('stop-video');
  await viewer.says('cover', /ended/);
  assert.deepEqual(await seen(viewer, '.primary'), ['request']);
  await close(viewer, talker);
});

test('tells whether microphone and camera are on by a word and an icon, not by a colour alone', async () => {
  const talker = await open('talk.html?toggles');
  await talker.press('start-video');
  await reaches(talker, 'on_air');
  for (const id of /** @type {const} */ (['microphone', 'camera'])) {
    const look = () =>
      talker.evaluate((name) => {
        const button = document.getElementById(name);
        const icon = getComputedStyle(button, '::before').maskImage;
        return { words: button.innerText.replace(/\s+/g, ' ').trim(), icon, pressed: button.getAttribute('aria-pressed') };
      }, id);
    const on = await look();
    await talker.press(id);
    await until(`${id} is off`, async () => (await look()).pressed === 'false');
    const off = await look();
    assert.match(on.words, / on$/);
    assert.match(off.words, / off$/);
    assert.equal(on.pressed, 'true');
    assert.notEqual(on.icon, off.icon);
    for (const { icon } of [on, off]) assert.match(icon, /svg/);
    // A screen reader hears the same name in both states, and the state from aria-pressed.
    const name = id === 'microphone' ? 'Microphone' : 'Camera';
    assert.equal(await talker.page.getByRole('button', { name, exact: true, pressed: false }).count(), 1);
  }
  await close(talker);
});

test('says the upload in words for people, and figures behind a detail', async () => {
  const talker = await open('talk.html?figures');
  const viewer = await open('watch.html?figures');
  await talker.press('start-video');
  await talker.says('audience', /Mbit/);
  assert.equal(await talker.evaluate(() => /Mbit|\d ms/.test(document.body.innerText)), false);
  assert.match(await talker.text('places'), /^up to \d+$/);
  await talker.page.click('#figures summary');
  assert.match(await talker.evaluate(() => document.body.innerText), /Mbit\/s, about [\d.]+ GB an hour/);
  assert.match(await talker.evaluate(() => document.body.innerText), /\d ms/);
  await close(viewer, talker);
});

test('shows On Air as a lamp, and as the one button that leads on from a preview', async () => {
  const talker = await open('talk.html?lamp');
  const look = () =>
    talker.evaluate(() => {
      const button = document.getElementById('on-air');
      const { borderTopColor, backgroundColor } = getComputedStyle(button);
      const nothing = 'rgba(0, 0, 0, 0)';
      const boxed = borderTopColor !== nothing || backgroundColor !== nothing;
      return { boxed, icon: getComputedStyle(button, '::before').maskImage, current: button.getAttribute('aria-current') };
    });
  await reaches(talker, 'idle');
  const dark = await look();
  assert.deepEqual([dark.boxed, dark.current], [false, null]);
  await talker.press('on-air');
  await talker.says('notice', /Press Start video/);
  await talker.press('preview');
  await reaches(talker, 'preview');
  assert.equal((await look()).boxed, true);
  await talker.press('on-air');
  await reaches(talker, 'on_air');
  const lit = await look();
  assert.deepEqual([lit.boxed, lit.current], [false, 'step']);
  assert.notEqual(lit.icon, dark.icon, 'lit differs not by a colour alone');
  await talker.press('on-air');
  assert.ok(await talker.shown('badge'), 'pressed again, it changes nothing');
  await close(talker);
});

test('offers “End for everyone” on air, or to somebody else than nobody', async () => {
  const talker = await open('talk.html?nobody');
  await talker.says('link', /Connected/);
  const offered = async () => (await seen(talker, '#end-room')).length > 0;
  assert.equal(await offered(), false);
  await talker.press('start-video');
  await reaches(talker, 'on_air');
  await until('it is offered on air', offered);
  await talker.press('stop-video');
  await until('it is not offered', async () => !(await offered()));
  const viewer = await open('watch.html?nobody');
  await talker.says('watching', /^1$/);
  await until('it is offered to one who waits', offered);
  await close(viewer, talker);
});

test('gives “End for everyone” less weight than “Lock room”', async () => {
  const talker = await open('talk.html?weight');
  await talker.press('start-video');
  await reaches(talker, 'on_air');
  const [lock, end] = await talker.evaluate(() =>
    ['lock', 'end-room'].map((id) => {
      const element = /** @type {HTMLElement} */ (document.getElementById(/** @type {'lock'} */ (id)));
      const { top, height } = element.getBoundingClientRect();
      return { top, height, border: getComputedStyle(element).borderTopStyle };
    }),
  );
  assert.ok(end.top >= lock.top + lock.height, 'not beside it');
  assert.ok(end.height < lock.height);
  assert.deepEqual([lock.border, end.border], ['solid', 'none']);
  await close(talker);
});

for (const [width, height] of [
  [390, 844],
  [360, 640],
  [844, 390],
]) {
  for (const locale of ['en', 'ja']) {
    test(`keeps the picture in view on a phone, and a bar for the thumb: ${width} × ${height}, ${locale}`, async () => {
      /** @type {Options} */
      const phone = { viewport: { width, height }, locale, hasTouch: true, isMobile: true };
      const room = `phone-${width}-${locale}`;
      const talker = await open(`talk.html?${room}`, phone);
      const viewer = await open(`watch.html?${room}`, phone);
      await reaches(talker, 'idle');
      await until('Request is offered', async () => (await seen(viewer, '.primary')).includes('request'));
      for (const page of [talker, viewer]) assert.deepEqual(await faults(page), [], 'before');
      await talker.page.tap('#more');
      assert.deepEqual(await seen(talker, '#extra button'), ['preview', 'start-screen']);
      assert.ok(await talker.page.isVisible('summary'));
      await talker.page.tap('#preview');
      await reaches(talker, 'preview');
      assert.deepEqual(await seen(talker, '#extra button'), [], 'a choice closes the rest');
      assert.deepEqual(await faults(talker), [], 'preview');
      await talker.page.tap('#on-air');
      await viewer.decodesFrames();
      await viewer.shows('player');
      for (const page of [talker, viewer]) {
        assert.deepEqual(await faults(page), [], 'live');
        await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
        assert.deepEqual(await faults(page), [], 'scrolled to the end');
      }
      await talker.page.tap('#microphone');
      await talker.page.tap('#stop-video');
      await reaches(talker, 'idle');
      await close(viewer, talker);
    });
  }
}

/** @param {Page} viewer */
const playerShown = (viewer) => viewer.evaluate(() => getComputedStyle(document.getElementById('player')).opacity === '1');
/** @type {(viewer: Page, what: string) => Promise<boolean>} */
const showsPlayer = (viewer, what) => until(`the buttons are shown: ${what}`, () => playerShown(viewer));
/** @param {Page} viewer */
const hidesPlayer = (viewer) => until('the buttons are hidden', async () => !(await playerShown(viewer)));

test('shows the viewer’s buttons by any movement, key or pause, and hides them over a picture that plays', async () => {
  const talker = await open('talk.html?rest');
  await talker.press('start-video');
  const viewer = await open('watch.html?rest');
  await viewer.decodesFrames();
  await viewer.shows('player');
  await viewer.page.mouse.move(5, 5);
  await showsPlayer(viewer, 'a movement anywhere');
  await hidesPlayer(viewer);
  await viewer.page.keyboard.press('Shift');
  await showsPlayer(viewer, 'a key');
  await hidesPlayer(viewer);
  await viewer.page.focus('#pause');
  await showsPlayer(viewer, 'a focus');
  await viewer.evaluate(() => document.getElementById('pause').blur());
  await hidesPlayer(viewer);
  await viewer.evaluate(() => document.getElementById('remote-video').pause());
  await showsPlayer(viewer, 'a pause');
  const whole = await viewer.evaluate(() => {
    const [stage, bar] = ['stage', 'player'].map((id) => document.querySelector(`#${id}`)?.getBoundingClientRect());
    return stage && bar && stage.top >= 0 && stage.bottom <= innerHeight && bar.height < stage.height / 4;
  });
  assert.ok(whole, 'the picture is in view');
  await close(viewer, talker);
});

test('shows the viewer’s buttons by a tap, which presses none that was not to be seen', async () => {
  const talker = await open('talk.html?finger');
  await talker.press('start-video');
  const viewer = await open('watch.html?finger', { viewport: { width: 1024, height: 768 }, hasTouch: true, isMobile: true });
  await viewer.decodesFrames();
  await viewer.shows('player');
  const paused = () => viewer.evaluate(() => document.getElementById('remote-video').paused);
  await hidesPlayer(viewer);
  await viewer.page.tap('#remote-video');
  await showsPlayer(viewer, 'a tap on the picture');
  await hidesPlayer(viewer);
  await viewer.page.tap('#pause');
  await showsPlayer(viewer, 'a tap on a button that was hidden');
  assert.equal(await paused(), false);
  await viewer.page.tap('#pause');
  await until('the second tap pauses', paused);
  await close(viewer, talker);
});

test('shows no button for what the browser can’t do', async () => {
  const talker = await open('talk.html?cannot', { viewport: { width: 390, height: 844 } });
  await talker.page.addInitScript(() => {
    Reflect.deleteProperty(MediaDevices.prototype, 'getDisplayMedia');
    Reflect.deleteProperty(window, 'MediaRecorder');
  });
  await talker.page.reload();
  await reaches(talker, 'idle');
  await talker.page.click('#more');
  assert.deepEqual(await seen(talker, '#extra button'), ['preview']);
  await talker.page.keyboard.press('Escape');
  await talker.press('start-video');
  await reaches(talker, 'on_air');
  await talker.page.click('#more');
  assert.deepEqual(await seen(talker, '#extra button'), []);
  await close(talker);
});

test('takes keys for the rest on a phone, and shows the focus', async () => {
  const talker = await open('talk.html?keys', { viewport: { width: 390, height: 844 } });
  await reaches(talker, 'idle');
  await talker.page.focus('#start-video');
  const focus = () =>
    talker.evaluate(() => {
      const focused = document.activeElement;
      return focused && [focused.id, getComputedStyle(focused).outlineStyle];
    });
  assert.equal((await focus())?.[0], 'start-video');
  await talker.page.keyboard.press('Tab');
  assert.deepEqual(await focus(), ['more', 'solid']);
  await talker.page.keyboard.press('Enter');
  for (const id of ['more', 'preview', 'start-screen']) {
    if (id !== 'more') await talker.page.keyboard.press('Tab');
    assert.deepEqual(await focus(), [id, 'solid']);
  }
  await talker.page.keyboard.press('Escape');
  assert.deepEqual(await seen(talker, '#extra button'), []);
  assert.equal((await focus())?.[0], 'more');
  await close(talker);
});

test('serves a manifest and pictures that the pages’ policy allows', async () => {
  for (const [path, type] of [
    ['onair.webmanifest', 'application/manifest+json'],
    ['icon.svg', 'image/svg+xml'],
    ['icon-192.png', 'image/png'],
    ['icon-512.png', 'image/png'],
    ['share.png', 'image/png'],
  ]) {
    const response = await fetch(`${server.origin}/${path}`);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-type'), type, path);
  }
  const page = await open('');
  const session = await page.page.context().newCDPSession(page.page);
  const { errors, url, data } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  assert.match(url, /onair\.webmanifest$/);
  assert.match(data ?? '', /"start_url"/);
  await close(page);
});

test('gives messengers the whole address of the picture', async () => {
  const shared = await (await fetch(`${server.origin}/watch.html?lesson`, { headers: { 'accept-encoding': 'gzip' } })).text();
  assert.ok(shared.includes(`<meta property="og:image" content="${server.origin}/share.png">`), shared);
});

test('shows the whole name of a viewer in each language and width', async () => {
  for (const locale of ['en', 'ja']) {
    const talker = await goOnAir(chromium, server, `names-${locale}`, { locale });
    const viewer = await open(`watch.html?names-${locale}`);
    await until('the viewer is listed as live', () =>
      talker.evaluate(() => document.querySelector('#audience li[data-state="live"]') !== null),
    );
    for (const width of [1280, 1200, 1000, 700, 390]) {
      await talker.page.setViewportSize({ width, height: 800 });
      const { shown, needed } = await talker.evaluate(() => {
        const name = document.querySelector('#audience strong');
        return { shown: name?.clientWidth ?? 0, needed: name?.scrollWidth ?? 0 };
      });
      assert.ok(needed > 0, 'the list is shown');
      assert.ok(shown >= needed, `${locale} at ${width}: ${shown} of ${needed} pixels of the name`);
    }
    await close(viewer, talker);
  }
});
