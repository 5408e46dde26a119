// The declarations of client_wasm/browser/onair.d.mts, for comparison with the client's values.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import ts from 'typescript';

const file = new URL('../../client_wasm/browser/onair.d.mts', import.meta.url);
const { statements } = ts.createSourceFile('onair.d.mts', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);

/** @type {Map<string, ts.InterfaceDeclaration>} */
const interfaces = new Map();
/** @type {Map<string, ts.TypeNode>} */
const aliases = new Map();
for (const statement of statements) {
  if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement);
  if (ts.isTypeAliasDeclaration(statement)) aliases.set(statement.name.text, statement.type);
}

/**
 * The members of an interface and of those that it extends.
 * @param {string} name
 * @returns {ts.TypeElement[]}
 */
function membersOf(name) {
  const found = interfaces.get(name);
  assert.ok(found, `there is no interface ${name}`);
  const bases = (found.heritageClauses ?? []).flatMap(({ types }) => types.map(({ expression }) => expression.getText()));
  return [...bases.flatMap(membersOf), ...found.members];
}

/** @param {ts.TypeElement} member */
const nameOf = (member) => member.name?.getText() ?? '';

/**
 * The words of a union of string literals.
 * @param {string} alias
 */
export function wordsOf(alias) {
  const type = aliases.get(alias);
  assert.ok(type && ts.isUnionTypeNode(type), `${alias} is no union`);
  return type.types.map((each) => {
    assert.ok(ts.isLiteralTypeNode(each) && ts.isStringLiteral(each.literal), each.getText());
    return each.literal.text;
  });
}

/** @param {string} name of an interface */
export const fieldsOf = (name) => membersOf(name).map(nameOf);

/**
 * {"mute": 2, ...}: the methods of an interface, each with the number of its parameters.
 * @param {string} name
 */
export const methodsOf = (name) =>
  Object.fromEntries(membersOf(name).filter(ts.isMethodSignature).map((each) => [nameOf(each), each.parameters.length]));

/**
 * The fields of a type of objects, or nothing where it is one of other values.
 * @param {ts.TypeNode} type
 * @returns {ts.PropertySignature[] | undefined}
 */
function propertiesOf(type) {
  if (ts.isTypeLiteralNode(type)) return type.members.filter(ts.isPropertySignature);
  if (ts.isIntersectionTypeNode(type)) return type.types.flatMap((part) => propertiesOf(part) ?? []);
  const name = ts.isTypeReferenceNode(type) ? type.typeName.getText() : '';
  return interfaces.has(name) ? membersOf(name).filter(ts.isPropertySignature) : undefined;
}

/** The names of the interfaces and aliases that a value was found to be of. */
export const seen = new Set();

/**
 * Says where `value` is not as onair.d.mts declares: "TalkView.stage: gone is not 'idle'". Empty where it is.
 * @param {unknown} value
 * @param {string} name of an interface or alias
 */
export function mistakesIn(value, name) {
  const alias = aliases.get(name);
  const found = alias
    ? mistakes(value, alias, name)
    : mistakesInFields(value, membersOf(name).filter(ts.isPropertySignature), name);
  if (found.length === 0) seen.add(name);
  return found;
}

/** @type {(value: unknown, type: ts.TypeNode, path: string) => string[]} */
function mistakes(value, type, path) {
  if (ts.isTypeReferenceNode(type)) return mistakesIn(value, type.typeName.getText());
  if (ts.isUnionTypeNode(type)) {
    const faults = type.types.map((part) => mistakes(value, part, path));
    // The part with the fewest faults is the one that was meant.
    return faults.reduce((best, each) => (each.length < best.length ? each : best));
  }
  if (ts.isParenthesizedTypeNode(type)) return mistakes(value, type.type, path);
  if (ts.isArrayTypeNode(type)) {
    return Array.isArray(value)
      ? value.flatMap((each) => mistakes(each, type.elementType, path))
      : [`${path}: ${value} is no list`];
  }
  const properties = propertiesOf(type);
  if (properties) return mistakesInFields(value, properties, path);
  if (ts.isLiteralTypeNode(type)) {
    const expected = ts.isStringLiteral(type.literal) ? type.literal.text : null;
    return value === expected ? [] : [`${path}: ${value} is not ${type.getText()}`];
  }
  return typeof value === type.getText() ? [] : [`${path}: ${value} is no ${type.getText()}`];
}

/** @type {(value: unknown, properties: ts.PropertySignature[], path: string) => string[]} */
function mistakesInFields(value, properties, path) {
  if (typeof value !== 'object' || value === null) return [`${path}: ${value} is no object`];
  const fields = new Map(Object.entries(value));
  const declared = new Set(properties.map(nameOf));
  const unknown = [...fields.keys()].filter((field) => !declared.has(field));
  return [
    ...unknown.map((field) => `${path}.${field} is not declared`),
    ...properties.flatMap((property) => {
      const at = `${path}.${nameOf(property)}`;
      if (!fields.has(nameOf(property))) return property.questionToken ? [] : [`${at} is missing`];
      return property.type ? mistakes(fields.get(nameOf(property)), property.type, at) : [];
    }),
  ];
}
