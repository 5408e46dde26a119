// Which elements the pages have, by their ids, as types: so a script that asks for another one is found.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const web = new URL('../../web/', import.meta.url);
const types = new URL('../../build/types/', import.meta.url);

/** Writes build/types/elements.d.ts, which web/tsconfig.json includes. */
export function writeElements() {
  /** @type {Map<string, Set<string>>} */
  const tags = new Map();
  for (const file of readdirSync(web).filter((name) => name.endsWith('.html'))) {
    const page = readFileSync(new URL(file, web), 'utf8');
    for (const [, tag, id] of page.matchAll(/<(\w+)\b[^>]*\bid="([\w-]+)"/g)) {
      tags.set(id, (tags.get(id) ?? new Set()).add(`HTMLElementTagNameMap['${tag}']`));
    }
  }
  const members = [...tags].map(([id, kinds]) => `  '${id}': ${[...kinds].join(' | ')};\n`);
  mkdirSync(types, { recursive: true });
  writeFileSync(new URL('elements.d.ts', types), `interface Elements {\n${members.join('')}}\n`);
}
