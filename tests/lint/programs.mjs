// TypeScript programs of our JavaScript: one for the pages, one for what runs in Node, one for tests that run in both.

import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const projects = ['web/tsconfig.json', 'tests/tsconfig.json', 'tests/tsconfig.browser.json'];

/**
 * Makes the programs. They share what they parse, the types of browsers above all, which takes most of the time.
 * @returns {ts.Program[]}
 */
export function makePrograms() {
  /** @type {Map<string, ts.SourceFile | undefined>} */
  const parsed = new Map();
  return projects.map((project) => {
    const system = { ...ts.sys, onUnRecoverableConfigFileDiagnostic };
    const config = ts.getParsedCommandLineOfConfigFile(root + project, {}, system);
    if (!config) throw new Error(`${project} can't be read`);
    const host = ts.createCompilerHost(config.options, /* setParentNodes */ true);
    const { getSourceFile } = host;
    host.getSourceFile = (name, options, ...more) => {
      const key = `${name} ${typeof options === 'object' ? options.impliedNodeFormat : ''}`;
      if (!parsed.has(key)) parsed.set(key, getSourceFile(name, options, ...more));
      return parsed.get(key);
    };
    return ts.createProgram({
      rootNames: config.fileNames,
      options: config.options,
      configFileParsingDiagnostics: config.errors,
      host,
    });
  });
}

/** @param {ts.Diagnostic} diagnostic */
function onUnRecoverableConfigFileDiagnostic({ messageText }) {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/**
 * The scripts that are ours.
 * @param {ts.Program} program
 */
export const ours = (program) =>
  program.getSourceFiles().filter(({ fileName }) => fileName.endsWith('.mjs') && !fileName.includes('/node_modules/'));

/**
 * Calls `visit` with each node of a file.
 * @param {ts.Node} node
 * @param {(node: ts.Node) => void} visit
 */
export function walk(node, visit) {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/**
 * "web/page.mjs:7:14"
 * @param {ts.Node} node
 */
export function placeOf(node) {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart());
  return `${file.fileName.replace(root, '')}:${line + 1}:${character + 1}`;
}
