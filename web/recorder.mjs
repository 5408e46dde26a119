// Records a stream to files, as the state machine in C++ commands (recording_session.hpp). Each second is stored in the
// browser's database at once, so that a crash loses at most one. The next visit finds recordings that were not saved.

const pieceLength = 1000; // ms
const types = ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];

/**
 * @typedef {import('./onair.mjs').Onair} Onair
 * @typedef {{ id: string, type: string, started: number, name: string }} Recording
 * @typedef {{ index: number, data: Blob }} Piece
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
 * @type {(transaction: IDBTransaction) => Promise<void>}
 */
const committed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/** @type {(database: IDBDatabase, store: 'recordings' | 'pieces', value: object) => Promise<void>} */
function keep(database, store, value) {
  const transaction = database.transaction(store, 'readwrite');
  transaction.objectStore(store).add(value);
  return committed(transaction);
}

/** @type {(database: IDBDatabase, recording: Recording) => Promise<Blob[]>} */
async function storedPieces(database, { id }) {
  const store = database.transaction('pieces').objectStore('pieces');
  return (await done(store.index('recording').getAll(id))).map(({ data }) => data);
}

/** @type {(database: IDBDatabase, recording: Recording) => Promise<void>} */
async function discard(database, { id }) {
  const transaction = database.transaction(['recordings', 'pieces'], 'readwrite');
  transaction.objectStore('recordings').delete(id);
  const pieces = transaction.objectStore('pieces');
  for (const key of await done(pieces.index('recording').getAllKeys(id))) pieces.delete(key);
  await committed(transaction);
}

/**
 * Makes a file that players can seek in: with a duration and an index, if it is a WebM file.
 * @type {(onair: Onair, pieces: Blob[], type: string) => Promise<Blob>}
 */
async function complete(onair, pieces, type) {
  const whole = new Blob(pieces, { type });
  const file = new onair.WebmFile();
  try {
    for (const piece of pieces) file.read(new Uint8Array(await piece.arrayBuffer()));
    const header = file.header();
    return header ? new Blob([header.bytes, whole.slice(header.replaced)], { type }) : whole;
  } catch (error) {
    console.warn(error);
    return whole; // without an index it plays all the same
  } finally {
    file.delete();
  }
}

/**
 * Offers the pieces as a download.
 * @type {(onair: Onair, pieces: Blob[], recording: Recording) => Promise<void>}
 */
async function offer(onair, pieces, { type, name }) {
  if (pieces.length === 0) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await complete(onair, pieces, type));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Names the lock that a running recording holds. Without the lock, its page has closed or crashed.
 * @param {Recording} recording
 */
const lockName = ({ id }) => `onair-recording-${id}`;

/**
 * Takes a recording's lock, and gives the function that gives it back. Pages that are not secure have no locks: the
 * next visit then takes a running recording for one that was not saved.
 * @param {Recording} recording
 * @returns {Promise<() => void>}
 */
const lock = (recording) =>
  new Promise((resolve, reject) => {
    if (!navigator.locks) return resolve(() => {});
    /** @type {Promise<void>} */
    const until = new Promise((release) => {
      navigator.locks.request(lockName(recording), () => (resolve(release), until)).catch(reject);
    });
  });

/**
 * Finds recordings that were not saved: {recordings, save(), discard()}; undefined if there are none.
 * @param {Onair} onair
 */
export async function unsavedRecordings(onair) {
  const database = await openDatabase();
  /** @type {Recording[]} */
  const all = await done(database.transaction('recordings').objectStore('recordings').getAll());
  const locks = await navigator.locks?.query();
  const running = new Set(locks?.held?.map(({ name }) => name));
  const recordings = all.filter((recording) => !running.has(lockName(recording)));
  if (recordings.length === 0) return undefined;
  return {
    recordings,
    async save() {
      for (const recording of recordings) {
        await offer(onair, await storedPieces(database, recording), recording);
        await discard(database, recording);
      }
    },
    async discard() {
      for (const recording of recordings) await discard(database, recording);
    },
  };
}

/** A file, from its opening until it is saved. */
class File {
  /** @type {IDBDatabase | undefined} */
  database;
  /** @type {MediaRecorder | undefined} */
  recorder;
  /** @type {Blob} */
  piece = new Blob(); // the last one that was recorded
  /** @type {Piece[]} */
  inMemory = [];
  pieces = 0;
  /** Pieces are stored one after the other; after one that could not be, all are kept in memory. */
  stored = Promise.resolve();
  isFull = false;
  release = () => {};

  /** @param {Recording} recording */
  constructor(recording) {
    this.recording = recording;
  }

  keepPiece(index = ++this.pieces, data = this.piece) {
    this.inMemory.push({ index, data });
  }

  /** Fails where the piece had to be kept in memory. */
  async storePiece() {
    const [index, data, before] = [++this.pieces, this.piece, this.stored];
    const storing = before.then(async () => {
      try {
        if (this.isFull || !this.database) throw new DOMException('no space', 'QuotaExceededError');
        await keep(this.database, 'pieces', { recording: this.recording.id, data });
      } catch (error) {
        this.isFull = true;
        this.keepPiece(index, data);
        throw error;
      }
    });
    this.stored = storing.catch(() => {});
    await storing;
  }

  async allPieces() {
    const stored = this.database ? await storedPieces(this.database, this.recording) : [];
    const others = this.inMemory.sort((a, b) => a.index - b.index).map(({ data }) => data);
    return [...stored, ...others];
  }

  async forget() {
    try {
      if (this.database) await discard(this.database, this.recording);
    } finally {
      this.database?.close();
      this.release();
    }
  }
}

const mimeType = () => types.find((each) => MediaRecorder.isTypeSupported(each)) ?? types[0];

/** Executes what the state machine commands, and tells it what came of it. */
export class Recorder {
  #onair;
  #room;
  #stream;
  #machine;
  /** @type {Map<number, File>} */
  #files = new Map();
  /** Name of the last file that was begun. */
  name = '';

  /**
   * `stream()` gives what is to be recorded now; `changed` is called when `view` has changed.
   * @param {Onair} onair
   * @param {string} room
   * @param {() => MediaStream | null} stream
   * @param {() => void} changed
   */
  constructor(onair, room, stream, changed) {
    this.#onair = onair;
    this.#room = room;
    this.#stream = stream;
    this.#machine = new onair.Recording({ perform: (command, file) => this.#perform(command, file), changed });
  }

  static get supported() {
    return typeof MediaRecorder === 'function' && types.some((type) => MediaRecorder.isTypeSupported(type));
  }

  get view() {
    return this.#machine.view();
  }

  get running() {
    return ['starting', 'recording'].includes(this.view.state);
  }

  /** Starts or stops. */
  press() {
    this.#machine.press();
  }

  /** Another stream is shown. */
  follow() {
    this.#machine.streamReplaced();
  }

  stop() {
    this.#machine.streamGone();
  }

  /** @type {(command: import('./onair.mjs').RecordingCommand, number: number) => void} */
  #perform(command, number) {
    const machine = this.#machine;
    /** @type {(work: Promise<void>, worked: () => void, failed: () => void) => void} */
    const settle = (work, worked, failed) => {
      const caught = (/** @type {unknown} */ error) => (console.warn(error), failed());
      work.then(worked, caught).catch(reportError);
    };
    if (command === 'open_store') {
      const file = this.#begin(number);
      settle(this.#open(file), () => machine.storeOpened(number), () => machine.storeRefused(number));
      return;
    }
    const file = this.#files.get(number);
    if (!file) return;
    const forgotten = () => this.#files.delete(number);
    /** @type {Record<Exclude<typeof command, 'open_store'>, () => void>} */
    const acts = {
      start_recorder: () => this.#record(number, file),
      stop_recorder: () => file.recorder?.state === 'inactive' || file.recorder?.stop(),
      store_piece: () => settle(file.storePiece(), () => machine.pieceStored(number), () => machine.storingFailed(number)),
      keep_piece: () => file.keepPiece(),
      save_file: () => settle(this.#save(file), () => machine.fileSaved(number), () => machine.savingFailed(number)),
      drop_file: () => settle(file.forget(), forgotten, forgotten),
    };
    acts[command]();
  }

  /** @param {number} number */
  #begin(number) {
    const [type] = mimeType().split(';');
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    this.name = `${this.#room}-${stamp}-${number}.${type.slice('video/'.length)}`;
    const file = new File({ id: crypto.randomUUID(), type, started: Date.now(), name: this.name });
    this.#files.set(number, file);
    return file;
  }

  /** @param {File} file */
  async #open(file) {
    const database = await openDatabase();
    file.release = await lock(file.recording);
    await keep(database, 'recordings', file.recording);
    file.database = database;
    // The person changed their mind meanwhile.
    if (![...this.#files.values()].includes(file)) await file.forget();
  }

  /** @type {(number: number, file: File) => void} */
  #record(number, file) {
    const machine = this.#machine;
    try {
      const stream = this.#stream();
      if (!stream) throw new DOMException('nothing to record', 'InvalidStateError');
      const recorder = new MediaRecorder(stream, { mimeType: mimeType() });
      let broken = false;
      recorder.ondataavailable = ({ data }) => {
        file.piece = data;
        if (data.size > 0) machine.pieceRecorded(number, data.size);
      };
      // The last piece and the stop follow.
      recorder.onerror = () => (broken = true);
      recorder.onstop = () => (broken ? machine.recorderFailed(number) : machine.recorderStopped(number));
      recorder.start(pieceLength);
      file.recorder = recorder;
    } catch (error) {
      console.warn(error);
      machine.recorderFailed(number);
    }
  }

  /** @param {File} file */
  async #save(file) {
    await offer(this.#onair, await file.allPieces(), file.recording);
    // The person has the file. What can't be deleted is offered once more on the next visit.
    await file.forget().catch(console.warn);
  }
}
