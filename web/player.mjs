// Lets a viewer control the pictures by buttons and keys: pause, sound, full screen, picture in picture.

import { element, text } from './page.mjs';

/**
 * Browsers may refuse an action for reasons of their own: some by a promise, some by an exception.
 * @param {() => unknown} act
 */
function attempt(act) {
  const acted = new Promise((resolve) => resolve(act()));
  acted.catch(() => {});
}

/**
 * `stage` contains the pictures; the first one decides for all. `pictures()` lists them. `stop(true)` stops them,
 * `stop(false)` plays them. `unmuted()` is called when the person turns the sound on.
 * @typedef {{
 *   stage: HTMLElement,
 *   pictures: () => HTMLVideoElement[],
 *   stop: (stopped: boolean) => void,
 *   unmuted: () => void,
 * }} PlayerOptions
 */
export class Player {
  #stage;
  #pictures;
  #stop;
  #unmuted;
  #shown = false;

  /** @param {PlayerOptions} options */
  constructor({ stage, pictures, stop, unmuted }) {
    this.#stage = stage;
    this.#pictures = pictures;
    this.#stop = stop;
    this.#unmuted = unmuted;
    /** @type {(id: keyof Elements, act: () => void) => void} */
    const press = (id, act) => element(id).addEventListener('click', act);
    press('pause', () => this.#togglePause());
    press('mute', () => this.#setMuted(!this.#first.muted));
    press('fullscreen', () => this.#toggleFullscreen());
    press('pip', () => this.#togglePictureInPicture());
    element('fullscreen').hidden = !('requestFullscreen' in stage || 'webkitEnterFullscreen' in this.#first);
    element('pip').hidden = !document.pictureInPictureEnabled;
    const volume = element('volume');
    volume.addEventListener('input', () => {
      for (const picture of this.#pictures()) picture.volume = volume.valueAsNumber;
      this.#setMuted(this.#first.volume === 0);
    });
    for (const event of ['play', 'playing', 'pause', 'volumechange']) {
      this.#first.addEventListener(event, () => this.#render());
    }
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  /**
   * Shows the controls while there is a picture.
   * @param {boolean} shown
   */
  show(shown) {
    this.#shown = shown;
    this.#render();
  }

  /** True while the person looks for a button: somebody who stopped the picture or has no sound. */
  get needed() {
    return !this.#shown || this.#first.paused || this.#first.muted;
  }

  get #first() {
    return this.#pictures()[0];
  }

  #render() {
    const picture = this.#first;
    element('player').hidden = !this.#shown;
    const act = picture.paused ? 'play' : 'pause';
    element('pause').dataset.icon = act;
    element('pause').title = text(`viewer.${act}`);
    element('pause').setAttribute('aria-label', text(`viewer.${act}`));
    // A toggle, as those of the studio: one name, and the state by icon and aria-pressed.
    element('mute').dataset.icon = picture.muted ? 'silence' : 'sound';
    element('mute').setAttribute('aria-pressed', String(!picture.muted));
    element('volume').valueAsNumber = picture.muted ? 0 : picture.volume;
  }

  /** Continues with the current picture, since a broadcast is live. */
  #togglePause() {
    this.#stop(!this.#first.paused);
  }

  /** @param {boolean} muted */
  #setMuted(muted) {
    const silent = !muted && this.#first.volume === 0;
    for (const picture of this.#pictures()) {
      picture.muted = muted;
      if (silent) picture.volume = 1;
    }
    if (!muted) this.#unmuted();
  }

  #toggleFullscreen() {
    attempt(() => {
      if (document.fullscreenElement) return document.exitFullscreen();
      if ('requestFullscreen' in this.#stage) return this.#stage.requestFullscreen();
      // An iPhone allows full screen only for the video element itself, and not before it has a picture.
      return this.#first.webkitEnterFullscreen?.();
    });
  }

  #togglePictureInPicture() {
    attempt(() =>
      document.pictureInPictureElement ? document.exitPictureInPicture() : this.#first.requestPictureInPicture(),
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    /** @type {Partial<Record<string, () => void>>} */
    const acts = {
      ' ': () => this.#togglePause(),
      m: () => this.#setMuted(!this.#first.muted),
      f: () => this.#toggleFullscreen(),
    };
    const act = acts[event.key?.toLowerCase()]; // a browser that fills in a field names no key
    const busy = event.target instanceof Element && event.target.closest('input, button, select, textarea, a, summary');
    if (!act || (busy && (event.key === ' ' || busy.matches('input, textarea, select')))) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }
}
