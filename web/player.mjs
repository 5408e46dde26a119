// Lets a viewer control the pictures by buttons and keys: pause, sound, full screen, picture in picture.

import { element, text } from './page.mjs';

function showIcon(id, [icon, label]) {
  element(id).dataset.icon = icon;
  element(id).setAttribute('aria-label', text(label));
  element(id).title = text(label);
}

/**
 * `stage` contains the pictures; the first one decides for all. `pictures()` lists them. `play(picture)` plays one,
 * muted if the browser blocks sound.
 */
export class Player {
  #stage;
  #pictures;
  #play;
  #shown = false;

  constructor({ stage, pictures, play }) {
    this.#stage = stage;
    this.#pictures = pictures;
    this.#play = play;
    const press = (id, act) => element(id).addEventListener('click', () => this.#try(act));
    press('pause', () => this.#togglePause());
    press('mute', () => this.#setMuted(!this.#first.muted));
    press('unmute', () => this.#setMuted(false));
    press('fullscreen', () => this.#toggleFullscreen());
    press('pip', () => this.#togglePictureInPicture());
    element('fullscreen').hidden = !stage.requestFullscreen && !this.#first.webkitEnterFullscreen;
    element('pip').hidden = !document.pictureInPictureEnabled;
    element('volume').addEventListener('input', ({ target }) => {
      for (const picture of this.#pictures()) picture.volume = target.value;
      this.#setMuted(this.#first.volume === 0);
    });
    for (const event of ['play', 'playing', 'pause', 'volumechange']) {
      this.#first.addEventListener(event, () => this.#render());
    }
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Shows the controls while there is a picture. */
  show(shown) {
    this.#shown = shown;
    this.#render();
  }

  get #first() {
    return this.#pictures()[0];
  }

  #render() {
    const picture = this.#first;
    element('player').hidden = !this.#shown;
    showIcon('pause', picture.paused ? ['play', 'seat.play'] : ['pause', 'seat.pause']);
    showIcon('mute', picture.muted ? ['silence', 'seat.unmuteShort'] : ['sound', 'seat.mute']);
    element('volume').value = picture.muted ? 0 : picture.volume;
  }

  /** Continues with the current picture, since a broadcast is live. */
  #togglePause() {
    const paused = this.#first.paused;
    for (const picture of this.#pictures()) paused ? this.#play(picture) : picture.pause();
  }

  #setMuted(muted) {
    const silent = !muted && this.#first.volume === 0;
    for (const picture of this.#pictures()) {
      picture.muted = muted;
      if (silent) picture.volume = 1;
    }
    if (!muted) element('unmute').hidden = true;
  }

  #toggleFullscreen() {
    if (document.fullscreenElement) return document.exitFullscreen();
    // An iPhone allows full screen only for the video element itself.
    return this.#stage.requestFullscreen ? this.#stage.requestFullscreen() : this.#first.webkitEnterFullscreen();
  }

  #togglePictureInPicture() {
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    return this.#first.requestPictureInPicture();
  }

  #key(event) {
    const acts = {
      ' ': () => this.#togglePause(),
      m: () => this.#setMuted(!this.#first.muted),
      f: () => this.#toggleFullscreen(),
    };
    const act = acts[event.key.toLowerCase()];
    const busy = event.target.closest('input, button, select, textarea, a, summary');
    if (!act || (busy && (event.key === ' ' || busy.matches('input, textarea, select')))) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#try(act);
  }

  /** Browsers may refuse these actions for reasons of their own. */
  async #try(act) {
    await Promise.resolve(act()).catch(() => {});
  }
}
