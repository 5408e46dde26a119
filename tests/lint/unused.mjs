// Finds unused exports, members of classes and texts. The compiler finds unused locals and private members only.

import { readdirSync, readFileSync } from 'node:fs';

import ts from 'typescript';

import { ours, placeOf, walk } from './programs.mjs';

/**
 * Finds the declarations of a name.
 * @param {ts.TypeChecker} checker
 * @param {ts.Node} name
 * @returns {ts.Declaration[]}
 */
function declarationsOf(checker, name) {
  let symbol = checker.getSymbolAtLocation(name);
  // `const { name } = object` reads a property of the object.
  if (ts.isBindingElement(name.parent) && ts.isObjectBindingPattern(name.parent.parent) && ts.isIdentifier(name)) {
    symbol = checker.getTypeAtLocation(name.parent.parent).getProperty(name.text) ?? symbol;
  }
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.declarations ?? [];
}

/**
 * The names of what a file exports, and of the members of its classes.
 * @param {ts.SourceFile} file
 * @returns {ts.Node[]}
 */
function offers(file) {
  return file.statements.flatMap((statement) => {
    const modifiers = ts.canHaveModifiers(statement) ? (statement.modifiers ?? []) : [];
    const exported = modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (ts.isClassDeclaration(statement)) return [...(exported ? own(statement) : []), ...members(statement)];
    if (!exported) return [];
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name);
    return ts.isFunctionDeclaration(statement) ? own(statement) : [];
  });
}

/** @param {ts.ClassDeclaration | ts.FunctionDeclaration} declaration */
const own = ({ name }) => (name ? [name] : []);

/** @param {ts.ClassDeclaration} declaration */
function members({ name, members }) {
  // A fake's members are called by the client, which is WASM.
  if (name?.text.startsWith('Fake')) return [];
  return members.flatMap((member) => (member.name && ts.isIdentifier(member.name) ? member.name : []));
}

/**
 * @param {ts.Program[]} programs
 * @returns {string[]} a line for each unused export and member
 */
export function unusedExports(programs) {
  const used = new Set();
  /** @type {Map<string, string>} */
  const offered = new Map();
  for (const program of programs) {
    const checker = program.getTypeChecker();
    for (const file of ours(program)) {
      for (const name of offers(file)) offered.set(placeOf(name), name.getText());
      walk(file, (node) => {
        if (!ts.isIdentifier(node)) return;
        for (const declaration of declarationsOf(checker, node)) {
          const name = ts.getNameOfDeclaration(declaration);
          if (name && name !== node) used.add(placeOf(name));
        }
      });
    }
  }
  return [...offered].filter(([place]) => !used.has(place)).map(([place, name]) => `${place} - ${name} is unused`);
}

/**
 * The texts that scripts name: the type of what `text` is called with says them all.
 * @param {ts.Program} program
 */
function textsInScripts(program) {
  const checker = program.getTypeChecker();
  const used = new Set();
  for (const file of ours(program)) {
    walk(file, (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== 'text') return;
      const type = checker.getTypeAtLocation(node.arguments[0]);
      for (const key of type.isUnion() ? type.types : [type]) if (key.isStringLiteral()) used.add(key.value);
    });
  }
  return used;
}

/** The texts that the pages' HTML names. */
function textsInPages() {
  const web = new URL('../../web/', import.meta.url);
  const pages = readdirSync(web).filter((name) => name.endsWith('.html'));
  return pages.flatMap((file) => {
    const page = readFileSync(new URL(file, web), 'utf8');
    return [...page.matchAll(/data-(?:text|label|hint)="([^"]+)"/g)].map(([, key]) => key);
  });
}

/**
 * @param {ts.Program} program that of the pages
 * @returns {string[]} a line for each unused text
 */
export function unusedTexts(program) {
  const used = new Set([...textsInScripts(program), ...textsInPages()]);
  const table = program.getSourceFiles().find(({ fileName }) => fileName.endsWith('/texts.en.mjs'));
  if (!table) throw new Error('There is no table of texts.');
  /** @type {string[]} */
  const found = [];
  walk(table, (node) => {
    if (!ts.isPropertyAssignment(node) || ts.isObjectLiteralExpression(node.initializer)) return;
    const path = [];
    for (let part = /** @type {ts.Node} */ (node); part.parent; part = part.parent) {
      if (ts.isPropertyAssignment(part)) path.unshift(part.name.getText());
    }
    const key = path.join('.');
    if (!used.has(key)) found.push(`${placeOf(node)} - the text ${key} is unused`);
  });
  return found;
}
