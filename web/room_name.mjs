// The rules of PROTOCOL.md for the name of a room, for the page that asks for one.

const mostBytes = 128;

// Controls, separators of lines, and Unicode's Bidi_Control.
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/**
 * Gives what is wrong with a name, which may be empty: the default room.
 * @param {string} name
 * @returns {'tooLong' | 'hiddenCharacters' | undefined}
 */
export function faultOf(name) {
  if (hidden.test(name)) return 'hiddenCharacters';
  return new TextEncoder().encode(name).length > mostBytes ? 'tooLong' : undefined;
}
