// Records a stream to files. Stores each second in the browser's database at once, so that a crash loses at most one
// second. The next visit finds recordings that were not saved.

const pieceLength = 1000; // ms
const types = ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];

/**
 * @typedef {{ id: string, type: string, started: number, name: string }} Recording
 * @typedef {(database: IDBDatabase, recording: Recording) => Promise<void>} Act
 */

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @returns {Promise<Result>}
 */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function openDatabase() {
  const opening = indexedDB.open('onair-recordings', 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('recordings', { keyPath: 'id' });
    opening.result.createObjectStore('pieces', { autoIncrement: true }).createIndex('recording', 'recording');
  };
  return done(opening);
}

/**
 * Settles when the data is on the disk, or does not fit there.
 * @type {(database: IDBDatabase, store: 'recordings' | 'pieces', value: object) => Promise<void>}
 */
const keep = (database, store, value) =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction(store, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.objectStore(store).add(value);
  });

/**
 * Offers a recording as a download and deletes it.
 * @type {Act}
 */
async function save(database, recording) {
  const pieces = await done(
    database.transaction('pieces').objectStore('pieces').index('recording').getAll(recording.id),
  );
  if (pieces.length > 0) {
    const file = new Blob(pieces.map(({ data }) => data), { type: recording.type });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = recording.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
  await discard(database, recording);
}

/** @type {Act} */
async function discard(database, { id }) {
  const transaction = database.transaction(['recordings', 'pieces'], 'readwrite');
  transaction.objectStore('recordings').delete(id);
  const pieces = transaction.objectStore('pieces');
  for (const key of await done(pieces.index('recording').getAllKeys(id))) pieces.delete(key);
}

/**
 * Names the lock that a running recording holds. Without the lock, its page has closed or crashed.
 * @param {Recording} recording
 */
const lockName = ({ id }) => `onair-recording-${id}`;

/** Finds recordings that were not saved: {recordings, save(), discard()}; undefined if there are none. */
export async function unsavedRecordings() {
  const database = await openDatabase();
  /** @type {Recording[]} */
  const all = await done(database.transaction('recordings').objectStore('recordings').getAll());
  const { held } = await navigator.locks.query();
  const running = new Set(held?.map(({ name }) => name));
  const recordings = all.filter((recording) => !running.has(lockName(recording)));
  if (recordings.length === 0) return undefined;
  /** @param {Act} act */
  const each = (act) => async () => {
    for (const recording of recordings) await act(database, recording);
  };
  return { recordings, save: each(save), discard: each(discard) };
}

/**
 * Records a stream until its tracks end or `stop` settles, and offers the file as a download. If the browser runs out
 * of space, offers the part that fits, and fails.
 * @type {(stream: MediaStream, title: string, stop: AbortSignal) => Promise<void>}
 */
async function record(stream, title, stop) {
  const mimeType = types.find((each) => MediaRecorder.isTypeSupported(each)) ?? types[0];
  const recorder = new MediaRecorder(stream, { mimeType });
  const [type] = mimeType.split(';');
  /** @type {Recording} */
  const recording = {
    id: crypto.randomUUID(),
    type,
    started: Date.now(),
    name: `${title}.${type.slice('video/'.length)}`,
  };
  const database = await openDatabase();
  if (stop.aborted) return;
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  const end = () => {
    if (recorder.state === 'recording') recorder.stop();
  };
  stop.onabort = end;
  recorder.start(pieceLength);
  let written = keep(database, 'recordings', recording);
  written.catch(end);
  recorder.ondataavailable = ({ data }) => {
    if (data.size === 0) return;
    written = written.then(() => keep(database, 'pieces', { recording: recording.id, data }));
    written.catch(end);
  };
  await navigator.locks.request(lockName(recording), async () => {
    await stopped;
    await written.finally(() => save(database, recording));
  });
}

/** Starts a new file for each stream, since a MediaRecorder stops with its tracks. */
export class Recorder {
  #room;
  #changed;
  #part = 0;
  /** @type {AbortController | undefined} */
  #running;
  /** True if the last file could not be recorded or stored. */
  failed = false;

  /**
   * Calls `changed` whenever `running` or `failed` may have changed.
   * @param {string} room
   * @param {() => void} changed
   */
  constructor(room, changed) {
    this.#room = room;
    this.#changed = changed;
  }

  static get supported() {
    return typeof MediaRecorder === 'function' && types.some((type) => MediaRecorder.isTypeSupported(type));
  }

  get running() {
    return this.#running !== undefined;
  }

  /** @param {MediaStream} stream */
  start(stream) {
    const running = new AbortController();
    this.#running = running;
    this.failed = false;
    this.#changed();
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    record(stream, `${this.#room}-${stamp}-${++this.#part}`, running.signal).catch((error) => {
      console.warn(error);
      this.failed = true;
      if (this.#running === running) this.#running = undefined;
      this.#changed();
    });
  }

  /** Ends the file and offers it as a download when all of it is written. */
  stop() {
    this.#running?.abort();
    this.#running = undefined;
    this.#changed();
  }

  /**
   * Continues with another stream in a new file.
   * @param {MediaStream} stream
   */
  follow(stream) {
    this.stop();
    this.start(stream);
  }
}
