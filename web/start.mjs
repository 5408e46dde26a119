// The start page: makes a name for a room, or finds the room in a link.

import { element, offerLanguages, onLanguage, say, text } from './page.mjs';

const consonants = ['k', 's', 't', 'n', 'h', 'm', 'r', 'd', 'b', 'l', 'v', 'p'];
const vowels = ['a', 'e', 'i', 'o', 'u'];

/** @param {string[]} from */
const pick = (from) => from[crypto.getRandomValues(new Uint32Array(1))[0] % from.length];

/** Makes a name that people can say over the telephone in most languages, such as "kameto-sunabi". */
function speakableName() {
  const word = () => Array.from({ length: 3 }, () => pick(consonants) + pick(vowels)).join('');
  return `${word()}-${word()}`;
}

/** @param {string} room */
const query = (room) => (room === '' ? '' : `?${encodeURIComponent(room)}`);

/**
 * Gives the target of "Watch" for a link to a viewer's or a talker's page, or for the name of a room.
 * @param {string} entered
 */
function watchTarget(entered) {
  if (!/^https?:\/\//.test(entered)) return new URL(`watch.html${query(entered)}`, location.href);
  const link = new URL(entered);
  if (!/\/(talk|watch)\.html$/.test(link.pathname)) return undefined;
  link.pathname = link.pathname.replace(/talk\.html$/, 'watch.html');
  return link;
}

element('another').addEventListener('click', () => {
  element('new-room').value = speakableName();
});

element('broadcast').addEventListener('submit', (event) => {
  event.preventDefault();
  location.assign(`talk.html${query(element('new-room').value.trim())}`);
});

element('watch').addEventListener('submit', (event) => {
  event.preventDefault();
  let target;
  try {
    target = watchTarget(/** @type {HTMLInputElement} */ (document.getElementById('room')).value.trim());
  } catch {
    // not a valid link
  }
  if (target) location.assign(target);
  else say('notice', text('start.notAWatchLink'));
});

element('new-room').value ||= speakableName();
offerLanguages();
onLanguage(() => {
  for (const button of document.querySelectorAll('form button')) button.removeAttribute('disabled');
});
