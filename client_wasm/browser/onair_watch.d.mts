// The viewer's side alone, as watch_bindings.cpp binds it.

import type { Onair } from './onair.mjs';

export default function createOnair(options?: { wasmBinary?: Uint8Array }): Promise<Pick<Onair, 'WatchClient' | 'roomOfQuery'>>;
