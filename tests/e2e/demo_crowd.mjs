// Shows a room that outgrows its talker's browser: scripts/demo-crowd [N] [--seconds S] [--screenshot FILE] [--own-browser]

import { setInterval, setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { LightCrowd } from './light_crowd.mjs';
import { MediaServer } from './media.mjs';
import { Chromium, goOnAir, isForwarded, pictureOf, watchPicture } from './support.mjs';

/** @typedef {import('./support.mjs').Page} Page */

const room = 'crowd';
const perSecond = 20;
/** With so many viewers the room moves to the media server. */
const forwardFrom = 10;
/** How long the room is shown while it is from browser to browser, and with everybody in it before the picture. */
const quietSeconds = 4;
const leastSeconds = 10;

/** @param {unknown} error */
const fail = (error) => {
  console.error(`demo-crowd: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
};

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '20' },
      screenshot: { type: 'string' },
      'own-browser': { type: 'boolean', default: false },
    },
  });
  const own = values['own-browser'];
  const size = Number(positionals[0] ?? 600);
  const seconds = own ? 24 * 3600 : Number(values.seconds);
  if (!Number.isInteger(size) || size < forwardFrom) throw new Error(`N is a number of viewers, at least ${forwardFrom}.`);
  if (!(seconds >= leastSeconds)) throw new Error(`--seconds takes a number, at least ${leastSeconds}.`);
  if (own && values.screenshot) throw new Error('--screenshot and --own-browser exclude each other: choose one.');
  return { own, size, seconds, screenshot: values.screenshot };
}

/** Started parts, to end them. @type {{ server?: Promise<MediaServer>, chromium?: Promise<Chromium>, crowd?: LightCrowd }} */
const started = {};
/** @type {Promise<void> | undefined} */
let ending;

function end() {
  ending ??= (async () => {
    await started.crowd?.stop();
    await (await started.chromium)?.stop();
    await (await started.server)?.stop(); // and with it the media server
  })();
  return ending;
}

/**
 * What one sees in the studio and on the viewer's page.
 * @param {Page} viewer
 * @param {Page} [talker]
 */
async function look(viewer, talker) {
  const [forwarded, { frames, gap }, counter, way] = await Promise.all([
    isForwarded(viewer),
    pictureOf(viewer),
    talker?.text('viewers'),
    talker?.text('way'),
  ]);
  return { forwarded, frames, gap, counter: Number(counter ?? NaN), moved: Number(/(\d+) viewer/.exec(way ?? '')?.[1] ?? 0) };
}

/** @typedef {Awaited<ReturnType<typeof look>>} Seen */

/** @param {Seen} seen */
const inStudio = ({ counter, moved }) =>
  Number.isNaN(counter) ? '' : `watching live: ${String(counter).padStart(4)}, forwarded: ${String(moved).padStart(4)}; `;

/**
 * Prints once a second what is seen, until `done`.
 * @param {() => Promise<Seen>} ask
 * @param {Promise<unknown>} done
 */
async function report(ask, done) {
  let over = false;
  const stop = () => {
    over = true;
  };
  done.then(stop, stop);
  let before = { ...(await ask()), at: performance.now() };
  for await (const _ of setInterval(1_000)) {
    if (over) break;
    const now = { ...(await ask()), at: performance.now() };
    const rate = Math.round(((now.frames - before.frames) * 1_000) / (now.at - before.at));
    console.log(`${inStudio(now)}the viewer's picture: ${now.forwarded ? 'forwarded' : 'direct   '} ${rate} frames/s`);
    before = now;
  }
}

async function show() {
  const { own, size, seconds, screenshot } = readArguments();
  const options = ['--forward', String(forwardFrom), '--log-level', 'warn', ...(own ? ['--address', '127.0.0.1'] : [])];
  started.server = MediaServer.start(...options);
  const server = await started.server;
  // Signals are for this program, which ends the browser itself.
  const deaf = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  started.chromium = Chromium.start(undefined, [], deaf);
  const chromium = await started.chromium;

  if (own) console.log(`Open ${server.origin}/talk.html?${room} in your browser, and press Start video.`);
  else console.log('A talker goes on air in Chromium, and a viewer watches in another page.');
  const studio = /** @type {const} */ ({ viewport: { width: 1200, height: 760 }, colorScheme: 'dark' });
  const talker = own ? undefined : await goOnAir(chromium, server, room, studio);
  const viewer = await chromium.open(`${server.origin}/watch.html?${room}`);
  while ((await viewer.stats()).frames === 0) await pause(200); // a person takes any time
  await watchPicture(viewer);
  const ask = () => look(viewer, talker);
  await report(ask, pause(quietSeconds * 1_000));

  console.log(`${size} light viewers come, ${perSecond} a second. At ${forwardFrom} the room moves to the media server.`);
  const crowd = new LightCrowd(server, room, size, { perSecond, seconds });
  started.crowd = crowd;
  const whenAllAreThere = async () => {
    const { pictures, failures } = await crowd.joined;
    for (const [failure, times] of Object.entries(failures)) console.log(`${times} light viewers: ${failure}`);
    if (pictures < size) throw new Error(`Only ${pictures} of ${size} light viewers got a picture.`);
    console.log(`All ${size} light viewers have a picture.${own ? ' Ctrl-C ends all.' : ''}`);
    await talker?.says('viewers', new RegExp(`^${size + 1}$`));
    if (!screenshot) return;
    await pause(quietSeconds * 1_000);
    await talker?.page.screenshot({ path: screenshot });
    console.log(`${screenshot} is what the studio shows.`);
  };
  await Promise.all([report(ask, crowd.ended), whenAllAreThere(), crowd.ended]);
  console.log(`The viewer's picture stood still for ${Math.round((await ask()).gap)} ms at most.`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    void end()
      .catch(fail)
      .finally(() => process.exit());
  });
}
try {
  await show();
} catch (error) {
  if (!ending) fail(error); // else it is why something did not come to its end
} finally {
  await end();
}
