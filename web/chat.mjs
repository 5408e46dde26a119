// Shows the chat on both pages. Lines of others become text nodes, never HTML.

import { element, lasting, onLanguage, text } from './page.mjs';

/**
 * @typedef {import('./onair.mjs').ChatLine} Line
 * @typedef {{ item: HTMLLIElement, who: HTMLElement, line: Line }} Shown
 */

/** The page keeps at most so many lines, of all talkers together. */
const mostLines = 200;

/** @type {(words: string, label: string, press: () => void) => HTMLButtonElement} */
function button(words, label, press) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'small';
  made.textContent = words;
  made.setAttribute('aria-label', label);
  made.addEventListener('click', press);
  return made;
}

/**
 * Each of several talkers numbers its own lines.
 * @param {{ id: number, from?: string }} line
 */
const keyOf = ({ id, from = '' }) => `${from}/${id}`;

/**
 * Calls `say(name, text)` when the person sends a line. The talker's page also passes `remove(id)` and
 * `mute(author)`, which become buttons beside each line of a viewer.
 */
export class Chat {
  /** @type {Map<string, Shown>} */
  #lines = new Map();
  #lastLine = '';
  /** @type {'' | 'chat.muted' | 'chat.closed' | undefined} */
  #why;
  #talker;

  /**
   * @param {{
   *   say: (name: string, text: string) => void,
   *   talker?: { remove: (id: number) => void, mute: (author: string) => void },
   * }} acts
   */
  constructor({ say, talker }) {
    this.#talker = talker;
    /** @type {HTMLInputElement | null} */
    const name = element('chat-name');
    const input = element('chat-text');
    if (name) name.value = lasting.read('onair-name') ?? '';
    element('chat-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const line = input.value.trim();
      if (line === '') return;
      if (name && !name.readOnly) lasting.write('onair-name', name.value.trim());
      this.#lastLine = line;
      this.#notice('');
      input.value = '';
      say(name?.value.trim() ?? '', line);
    });
    onLanguage(() => this.#words());
  }

  /**
   * Enables the form while lines can be sent; otherwise shows the reason.
   * @param {boolean} open
   */
  allow(open, muted = false) {
    const why = muted ? 'chat.muted' : open ? '' : 'chat.closed';
    if (this.#why === why) return;
    this.#why = why;
    for (const each of element('chat-form').querySelectorAll('input, button')) {
      each.toggleAttribute('disabled', why !== '');
    }
    this.#notice(why && text(why));
  }

  /**
   * Shows the name from the person's token and makes it fixed; null if the token has none.
   * @param {string | null} name
   */
  call(name) {
    const field = element('chat-name');
    if (name === null || field.readOnly) return;
    field.value = name;
    field.readOnly = true;
  }

  /**
   * Handles an event of the client.
   * @param {import('./onair.mjs').ChatEvent} event
   */
  handle(event) {
    if (event.kind === 'line') this.#add(event);
    if (event.kind === 'removed') this.#remove(keyOf(event));
    if (event.kind === 'cleared') this.#clear(event.from);
    if (event.kind === 'refused') {
      this.#notice(text(`chat.refused.${event.reason}`));
      element('chat-text').value ||= this.#lastLine;
    }
  }

  /** @param {Line} line */
  #nameOf({ name, host, yours }) {
    if (host) return text(this.#talker ? 'chat.you' : 'chat.host');
    const called = name || text('chat.guest');
    return yours ? `${called} (${text('chat.you')})` : called;
  }

  /** @param {string | undefined} from */
  #clear(from) {
    for (const [key, { line }] of [...this.#lines]) if (line.from === from) this.#remove(key);
  }

  /** @param {Line} line */
  #add(line) {
    // A talker may send a line again; a hostile one, for ever.
    this.#remove(keyOf(line));
    const list = element('chat');
    const log = element('chat-log');
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const item = document.createElement('li');
    const who = document.createElement('span');
    who.className = line.host ? 'who host' : 'who';
    const words = document.createElement('span');
    // The direction of one text must not change that of its neighbours.
    who.dir = words.dir = 'auto';
    words.className = 'words';
    words.textContent = line.text;
    item.append(who, words);
    list.append(item);
    if (this.#lines.size === 0 && !this.#why) this.#notice('');
    const shown = { item, who, line };
    this.#lines.set(keyOf(line), shown);
    this.#label(shown);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > mostLines) this.#remove(oldest);
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  /** @param {string} key */
  #remove(key) {
    this.#lines.get(key)?.item.remove();
    this.#lines.delete(key);
  }

  /** @param {Shown} shown */
  #label({ item, who, line }) {
    const name = this.#nameOf(line);
    who.textContent = name;
    if (!this.#talker) return;
    for (const old of item.querySelectorAll('button')) old.remove();
    const { remove, mute } = this.#talker;
    item.append(button(text('chat.remove'), text('chat.removeLine', { name }), () => remove(line.id)));
    if (line.author === '') return;
    item.append(button(text('studio.mute'), text('studio.muteName', { name }), () => mute(line.author)));
  }

  #words() {
    for (const shown of this.#lines.values()) this.#label(shown);
    if (this.#why) this.#notice(text(this.#why));
    else if (this.#lines.size === 0) this.#notice(text('chat.empty'));
  }

  /** @param {string} words */
  #notice(words) {
    element('chat-notice').textContent = words;
  }
}
