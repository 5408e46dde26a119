// Draws the PNG files of web/ from icon.svg: the icons of the installed pages, and the picture that messengers show
// with a link. Run by hand after a change of icon.svg: node tests/e2e/icons.mjs

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const web = new URL('../../web/', import.meta.url);
// Systems cut the corners of icons themselves.
const icon = readFileSync(new URL('icon.svg', web), 'utf8').replace(' rx="8"', '');

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

/** @type {(name: string, width: number, height: number, style: string, words: string) => Promise<void>} */
async function draw(name, width, height, style, words) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block; ${style}</style>${icon}${words}`);
  await page.screenshot({ path: fileURLToPath(new URL(name, web)) });
}

for (const size of [192, 512]) await draw(`icon-${size}.png`, size, size, `width: ${size}px }`, '');
const centred = 'display: flex; align-items: center; justify-content: center; gap: 40px; height: 630px';
const letters = 'color: #eef0f4; background: #16181d; font: 600 170px "DejaVu Sans", sans-serif';
await draw('share.png', 1200, 630, `width: 300px } body { ${centred}; ${letters} }`, 'onair');
await browser.close();
