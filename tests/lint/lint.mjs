// Static check of all JavaScript in web/, tests/ and scripts/; scripts/lint-js runs it.

import { fileURLToPath } from 'node:url';

import { ESLint } from 'eslint';
import ts from 'typescript';

import { writeElements } from './elements.mjs';
import { makePrograms, ours } from './programs.mjs';
import { unusedExports, unusedTexts } from './unused.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param {ts.Program[]} programs */
function typeErrors(programs) {
  const found = ts.sortAndDeduplicateDiagnostics(programs.flatMap((program) => ts.getPreEmitDiagnostics(program)));
  return ts.formatDiagnosticsWithColorAndContext(found, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  });
}

/**
 * The rules of eslint.config.mjs. ESLint gets our programs: making its own takes as long as all the rest.
 * @param {ts.Program[]} programs
 */
async function floatingPromises(programs) {
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: 'tests/eslint.config.mjs',
    overrideConfig: { languageOptions: { parserOptions: { programs, project: null } } },
  });
  const files = new Set(programs.flatMap((program) => ours(program).map(({ fileName }) => fileName)));
  const formatter = await eslint.loadFormatter('stylish');
  return formatter.format(await eslint.lintFiles([...files]));
}

/**
 * `any` switches the check off, so a reason stands beside it: `any: …`.
 * @param {ts.Program[]} programs
 */
function bareAny(programs) {
  return programs.flatMap(ours).flatMap(({ fileName, text }) =>
    text.split('\n').flatMap((line, i) => {
      const bare = /@\w+ \{.*\bany\b/.test(line) && !line.includes('any: ');
      return bare ? `${fileName.replace(root, '')}:${i + 1} - any without a reason` : [];
    }),
  );
}

writeElements();
const programs = makePrograms();
const found = [
  typeErrors(programs),
  await floatingPromises(programs),
  ...new Set(bareAny(programs)),
  ...unusedExports(programs),
  ...unusedTexts(programs[0]),
].filter((each) => each !== '');
console.log(found.join('\n') || 'No errors.');
process.exitCode = found.length > 0 ? 1 : 0;
