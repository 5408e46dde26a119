// The pages' scripts and style sheets are served without their comments.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const web = new URL('../../web/', import.meta.url);
const strip = fileURLToPath(new URL('../../client_wasm/browser/strip_comments.sed', import.meta.url));
const printer = ts.createPrinter({ removeComments: true });

/** @param {string} source */
const code = (source) => printer.printFile(ts.createSourceFile('a.mjs', source, ts.ScriptTarget.Latest));

for (const file of readdirSync(web).filter((name) => name.endsWith('.mjs'))) {
  test(`${file} is the same without its comments`, () => {
    const source = readFileSync(new URL(file, web), 'utf8');
    const stripped = execFileSync('sed', ['-E', '-f', strip], { input: source, encoding: 'utf8' });
    assert.equal(code(stripped), code(source));
    assert.equal(stripped.split('\n').length, source.split('\n').length, 'each line is where it was');
    assert.doesNotMatch(stripped, /\/\*|^ *\/\//m);
  });
}

for (const file of readdirSync(web).filter((name) => name.endsWith('.css'))) {
  test(`${file} is the same without its comments`, () => {
    const source = readFileSync(new URL(file, web), 'utf8');
    const script = fileURLToPath(new URL('../../client_wasm/browser/strip_css_comments.sed', import.meta.url));
    const stripped = execFileSync('sed', ['-E', '-f', script], { input: source, encoding: 'utf8' });
    /** @param {string} sheet */
    const rules = (sheet) => sheet.replace(/\/\*.*?\*\//gs, '').replace(/\s+/g, ' ').trim();
    assert.equal(rules(stripped), rules(source));
    assert.doesNotMatch(stripped, /\/\*|\*\//);
  });
}
