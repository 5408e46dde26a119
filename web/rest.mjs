// Hides the bar over a picture while nobody does anything, so that it covers nothing that somebody looks at.

/** How long the bar stays after the last movement, key or focus. */
export const timeout = 4000; // ms

/**
 * `stage` contains the picture and the bar, and gets `data-still` while the bar is hidden. `needed()` is true while
 * the bar must stay.
 * @typedef {{ stage: HTMLElement, bar: HTMLElement, needed: () => boolean }} Parts
 */
export class Rest {
  #stage;
  #bar;
  #needed;
  /** @type {number | undefined} */
  #timer;

  /** @param {Parts} parts */
  constructor({ stage, bar, needed }) {
    this.#stage = stage;
    this.#bar = bar;
    this.#needed = needed;
    for (const event of ['pointermove', 'keydown', 'focusin']) document.addEventListener(event, () => this.#wake());
    // Events of a <video> do not bubble.
    for (const event of ['pause', 'volumechange']) stage.addEventListener(event, () => needed() && this.#wake(), true);
    this.#meetFingers();
    this.#wake();
  }

  /** A finger meets buttons that are not to be seen, since nothing moves before it: its first touch presses none. */
  #meetFingers() {
    let blind = false;
    /** @param {PointerEvent} event */
    const down = ({ pointerType, target }) => {
      blind = pointerType === 'touch' && this.#isStill && target instanceof Node && this.#bar.contains(target);
      this.#wake();
    };
    const cancel = () => {
      blind = false; // the finger scrolls
    };
    /** @param {MouseEvent} event */
    const click = (event) => {
      if (!blind) return;
      blind = false;
      event.stopPropagation();
      event.preventDefault();
    };
    document.addEventListener('pointerdown', down, true);
    document.addEventListener('pointercancel', cancel);
    this.#stage.addEventListener('click', click, true);
  }

  get #isStill() {
    return 'still' in this.#stage.dataset;
  }

  #wake() {
    delete this.#stage.dataset.still;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), timeout);
  }

  #settle() {
    // Fingers leave a button marked as if a pointer were still on it.
    const pointed = matchMedia('(hover: hover)').matches && this.#bar.matches(':hover');
    if (pointed || this.#needed() || this.#stage.querySelector(':focus-visible')) this.#wake();
    else this.#stage.dataset.still = '';
  }
}
