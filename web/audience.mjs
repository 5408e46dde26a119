// The studio's list of viewers: all of them, or of a crowd how many receive well, and the worst.

import { element, megabits, percent, say, text } from './page.mjs';

/**
 * @typedef {import('./onair.mjs').TalkView} View
 * @typedef {View['audience'][number]} Viewer
 * @typedef {{ mute: (id: string, muted: boolean) => void, remove: (id: string) => void }} Acts
 */

/** The elements of one viewer's line. */
function makeLine() {
  const item = document.createElement('li');
  const who = document.createElement('strong');
  who.dir = 'auto'; // a name's direction must not change that of its neighbours
  const state = document.createElement('span');
  const quality = document.createElement('span');
  quality.className = 'quality';
  const facts = document.createElement('span');
  facts.className = 'figures';
  const orders = document.createElement('span');
  orders.className = 'orders';
  const mute = document.createElement('button');
  const remove = document.createElement('button');
  for (const button of [mute, remove]) {
    button.type = 'button';
    button.className = 'small';
  }
  orders.append(mute, remove);
  item.append(who, state, orders, quality, facts);
  return { item, who, state, quality, facts, mute, remove };
}

/**
 * A viewer's name. The server's forwarder is one viewer, which stands for all its players.
 * @param {Viewer} viewer
 */
function nameOf({ name, number, players }) {
  if (players !== null) return text('studio.forwarder', { n: players });
  return name || text('studio.viewer', { n: number });
}

/** @param {Viewer} viewer */
function factsOf({ bitsPerSecond, roundTrip, latency, loss }) {
  const delay = latency ?? roundTrip;
  return [
    bitsPerSecond > 0 && megabits(bitsPerSecond),
    delay !== null && text('viewer.milliseconds', { n: Math.round(delay) }),
    loss !== null && percent(loss),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** @type {(line: ReturnType<typeof makeLine>, viewer: Viewer, acts: Acts) => void} */
function showViewer({ item, who, state, quality, facts, mute, remove }, viewer, acts) {
  const name = nameOf(viewer);
  who.textContent = who.title = name;
  item.dataset.state = viewer.state;
  state.textContent = text(`studio.states.${viewer.state}`);
  const isGood = (viewer.quality ?? 'good') === 'good';
  quality.textContent = isGood ? '' : text(viewer.quality === 'poor' ? 'studio.connection.poor' : 'studio.connection.fair');
  facts.textContent = factsOf(viewer);
  mute.hidden = viewer.players !== null; // players have no chat
  mute.textContent = text(viewer.muted ? 'studio.unmute' : 'studio.mute');
  mute.setAttribute('aria-label', text(viewer.muted ? 'studio.unmuteName' : 'studio.muteName', { name }));
  mute.onclick = () => acts.mute(viewer.id, !viewer.muted);
  remove.textContent = text('studio.remove');
  remove.setAttribute('aria-label', text('studio.removeName', { name }));
  remove.onclick = () => {
    if (confirm(text('studio.removeSure', { name }))) acts.remove(viewer.id);
  };
}

/** The client lists at most 50 viewers, so the list stays short. */
export class Audience {
  /** @type {Map<string, ReturnType<typeof makeLine>>} */
  #lines = new Map();
  #acts;

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
  }

  /** @param {View} view */
  show({ audience, reception }) {
    element('nobody').hidden = audience.length > 0 || reception !== null;
    say('reception', reception ? text('studio.reception', { ...reception }) : '');
    say('worst', reception && audience.some(({ players }) => players === null) ? text('studio.worst') : '');
    const list = element('audience');
    // The worst change all the time: not under somebody's hand, who would press a button of another viewer's.
    if (reception && list.matches(':hover, :focus-within')) return this.#showAgain(audience);
    this.#forgetAllBut(new Set(audience.map(({ id }) => id)));
    for (const [at, viewer] of audience.entries()) {
      const line = this.#lines.get(viewer.id) ?? makeLine();
      this.#lines.set(viewer.id, line);
      if (list.children[at] !== line.item) list.insertBefore(line.item, list.children[at] ?? null);
      showViewer(line, viewer, this.#acts);
    }
  }

  /** @param {Viewer[]} audience */
  #showAgain(audience) {
    for (const viewer of audience) {
      const line = this.#lines.get(viewer.id);
      if (line) showViewer(line, viewer, this.#acts);
    }
  }

  /** @param {Set<string>} ids */
  #forgetAllBut(ids) {
    for (const [id, { item }] of this.#lines) {
      if (ids.has(id)) continue;
      item.remove();
      this.#lines.delete(id);
    }
  }
}
