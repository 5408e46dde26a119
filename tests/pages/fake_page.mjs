// As much of a browser as the modules of web/ need to load under Node.

/**
 * Makes what a browser has global.
 * @param {Record<string, unknown>} globals
 */
export function install(globals) {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/**
 * A page whose elements come into being when they are asked for. `element` gives one by its id.
 * @template Element
 * @param {() => Element} make
 */
export function installPage(make) {
  /** @type {Map<string, Element>} */
  const elements = new Map();
  /** @param {string} id */
  const element = (id) => {
    const known = elements.get(id) ?? make();
    elements.set(id, known);
    return known;
  };
  install({
    document: {
      getElementById: element,
      createElement: make,
      querySelectorAll: () => [],
      documentElement: { lang: 'en', dataset: {} },
    },
    localStorage: { getItem: () => null },
    window: globalThis,
    addEventListener: () => {},
    navigator: { languages: ['en'] },
    reportError: (/** @type {unknown} */ error) => {
      throw error;
    },
  });
  return { element, clear: () => elements.clear() };
}

/** Timers, and the time by which they are due, which passes only when a test says so. */
export class FakeClock {
  now = 0;
  /** @type {Map<number, { due: number, call: () => void }>} */
  timers = new Map();
  #last = 0;

  install() {
    install({
      performance: { now: () => this.now },
      setTimeout: (/** @type {() => void} */ call, /** @type {number} */ delay) => {
        this.timers.set(++this.#last, { due: this.now + delay, call });
        return this.#last;
      },
      clearTimeout: (/** @type {number} */ timer) => this.timers.delete(timer),
    });
  }

  /** @param {number} ms */
  pass(ms) {
    for (const end = this.now + ms; ; ) {
      const next = [...this.timers].filter(([, { due }]) => due <= end).sort(([, a], [, b]) => a.due - b.due)[0];
      if (!next) {
        this.now = end;
        return;
      }
      const [timer, { due, call }] = next;
      this.timers.delete(timer);
      this.now = due;
      call();
    }
  }
}
