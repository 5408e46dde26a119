// Binds the broadcaster's buttons to the client and shows its state.

import { begin, element, openRoom, say } from './page.mjs';
import * as texts from './texts.mjs';

function render(view) {
  const idle = view.stage === 'idle';
  const onAir = view.stage === 'on_air';
  say('link', texts.link[view.link]);
  say('notice', texts.notice[view.notice]);
  element('badge').hidden = !onAir;
  element('cover').hidden = onAir;
  element('stop-video').disabled = idle;
  element('on-air').classList.toggle('primary', onAir);
  element('start-video').classList.toggle('primary', !onAir);
  element('viewers').textContent = view.viewers;
  element('viewers').title = texts.room(view.capacity);
  element('uplink').textContent = view.viewers ? texts.megabits(view.uplinkBps) : '–';
  element('watching').textContent = view.watching;
}

const opened = await openRoom(element('local-video'));
if (opened) {
  const { onair, options } = opened;
  const client = begin(new onair.TalkClient({ ...options, changed: render, text: () => {} }));
  const bind = (id, action) => {
    element(id).disabled = false;
    element(id).addEventListener('click', action);
  };
  bind('start-video', () => client.startVideo());
  bind('start-screen', () => client.startScreen());
  bind('on-air', () => client.onAir());
  bind('stop-video', () => client.stopVideo());
  const link = element('watch-link');
  link.href = new URL(`watch.html${location.search}`, location.href);
  link.textContent = link.href;
  render(client.view());
}
