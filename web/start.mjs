// The start page: makes a name for a room, or finds the room in a link.

import { cameUp, element, offerLanguages, say, text } from './page.mjs';
import { faultOf } from './room_name.mjs';

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

const linkPattern = /^https?:\/\//;

/**
 * Says what is wrong with a name, if anything.
 * @param {string} entered
 * @param {boolean} mayBeLink
 */
function check(entered, mayBeLink) {
  const linkFault = mayBeLink ? undefined : 'linkAsName';
  const fault = linkPattern.test(entered) ? linkFault : faultOf(entered);
  say('notice', fault ? text(`start.${fault}`) : '');
  return fault === undefined;
}

/**
 * Gives the target of "Watch" for a link to a viewer's or a talker's page, or for the name of a room.
 * @param {string} entered
 */
function watchTarget(entered) {
  if (!linkPattern.test(entered)) return new URL(`watch.html${query(entered)}`, location.href);
  const link = new URL(entered);
  if (!/\/(talk|watch)\.html$/.test(link.pathname)) return undefined;
  link.pathname = link.pathname.replace(/talk\.html$/, 'watch.html');
  return link;
}

element('another').addEventListener('click', () => {
  element('new-room').value = speakableName();
});

const newRoom = element('new-room');
const room = /** @type {HTMLInputElement} */ (document.getElementById('room'));
for (const field of [newRoom, room]) {
  field.addEventListener('input', () => check(field.value.trim(), field === room));
}

element('broadcast').addEventListener('submit', (event) => {
  event.preventDefault();
  const entered = newRoom.value.trim();
  if (check(entered, false)) location.assign(`talk.html${query(entered)}`);
});

element('watch').addEventListener('submit', (event) => {
  event.preventDefault();
  const entered = room.value.trim();
  if (!check(entered, true)) return;
  let target;
  try {
    target = watchTarget(entered);
  } catch {
    // not a valid link
  }
  if (target) location.assign(target);
  else say('notice', text('start.notAWatchLink'));
});

element('new-room').value ||= speakableName();
offerLanguages();
// The HTML has the English texts, so the buttons need not wait for others.
for (const button of document.querySelectorAll('form button')) button.removeAttribute('disabled');
cameUp();
