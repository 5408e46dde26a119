// Types that the type check of the pages needs beyond JavaScript. It is not served.

import type english from './texts.en.mjs';

export type Language = 'en' | 'ja';

/** A table of texts, or one of its parts. */
export interface Table {
  [part: string]: string | Table;
}

/** 'viewer.request' and so on: every text that the tables have. */
export type TextKey = Keys<typeof english>;
type Keys<Part> = {
  [Name in keyof Part & string]: Part[Name] extends string ? Name : `${Name}.${Keys<Part[Name]>}`;
}[keyof Part & string];

type Words<Key, Part = typeof english> = Key extends `${infer Name}.${infer Rest}`
  ? Name extends keyof Part
    ? Words<Rest, Part[Name]>
    : never
  : Key extends keyof Part
    ? Part[Key]
    : never;
type Placeholder<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;

/** The words of a key, with a value for each `{name}` in them. */
export type Text = <Key extends TextKey>(
  key: Key,
  ...values: [Placeholder<Words<Key>>] extends [never] ? [] : [Record<Placeholder<Words<Key>>, string | number>]
) => string;

/** The error codes that have words. */
export type KnownRefusal = keyof typeof english.refusal;

/** The ids of buttons. */
export type ButtonId = {
  [Id in keyof Elements]: Elements[Id] extends HTMLButtonElement ? Id : never;
}[keyof Elements];

declare global {
  interface HTMLVideoElement {
    /** An iPhone's own. */
    webkitEnterFullscreen?: () => void;
  }
}
