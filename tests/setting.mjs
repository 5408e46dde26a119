// Settings from the scripts for a test, by the environment.

/**
 * @param {string} name
 * @returns {string}
 */
export function setting(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: scripts/test and its like set it`);
  return value;
}
