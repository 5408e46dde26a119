// Binds the viewer's button to the client and shows its state.

import { begin, element, openRoom, say } from './page.mjs';
import * as texts from './texts.mjs';

const video = element('remote-video');

function render(view) {
  const live = view.picture === 'live';
  say('link', texts.link[view.link]);
  say('notice', texts.notice[view.notice]);
  say('cover', texts.picture[view.picture]);
  element('badge').hidden = !live;
}

/** Browsers may forbid sound before a touch: then the picture plays without, and offers it. */
async function play() {
  try {
    await video.play();
  } catch (error) {
    if (error.name !== 'NotAllowedError') return;
    video.muted = true;
    element('unmute').hidden = false;
    await video.play().catch(() => {});
  }
}

const opened = await openRoom(video);
if (opened) {
  const { onair, options } = opened;
  const client = begin(new onair.WatchClient({ ...options, changed: render, text: () => {} }));
  video.addEventListener('loadedmetadata', play);
  element('unmute').addEventListener('click', () => {
    video.muted = false;
    element('unmute').hidden = true;
  });
  element('request').disabled = false;
  element('request').addEventListener('click', () => client.request());
  render(client.view());
}
