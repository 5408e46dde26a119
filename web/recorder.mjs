// Records a stream to files, as the state machine in C++ commands (recording_session.hpp). Each second is stored in the
// browser's database at once, so that a crash loses at most one. There a recording stays until the person deletes it, since
// no browser tells whether a download came to its end; the next visit finds it.

const pieceLength = 1000; // ms
const longestSilence = 10_000; // ms, before the first piece and between two
const types = ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];

/**
 * @typedef {import('./onair.mjs').Onair} Onair
 * @typedef {{ id: string, type: string, started: number, name: string, saved?: boolean }} Recording
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
async function keep(database, store, value) {
  const transaction = database.transaction(store, 'readwrite');
  transaction.objectStore(store).add(value);
  await committed(transaction);
}

/** @type {(database: IDBDatabase, recording: Recording) => Promise<void>} */
async function noteSaved(database, recording) {
  const transaction = database.transaction('recordings', 'readwrite');
  transaction.objectStore('recordings').put({ ...recording, saved: true });
  await committed(transaction);
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
  if (pieces.length === 0) throw new DOMException('nothing is left of it', 'NotFoundError');
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
      const granted = (/** @type {Lock | null} */ held) => (held ? (resolve(release), until) : reject(new Error('taken')));
      navigator.locks.request(lockName(recording), { ifAvailable: true }, granted).catch(reject);
    });
  });

/** A file, from its opening until it is deleted. */
class File {
  /** @type {IDBDatabase | undefined} */
  database;
  /** @type {MediaRecorder | undefined} */
  recorder;
  /** @type {Blob} */
  piece = new Blob(); // the last one that was recorded
  /** @type {Blob[]} */
  inMemory = []; // the last pieces, which are not stored
  /** Pieces are stored one after the other. One that could not be is stored with the next. */
  stored = Promise.resolve();
  release = () => {};

  /** @param {Recording} recording */
  constructor(recording) {
    this.recording = recording;
  }

  keepPiece() {
    this.inMemory.push(this.piece);
  }

  /** Fails where the piece had to be kept in memory. */
  async storePiece() {
    this.keepPiece();
    const storing = this.stored.then(async () => {
      if (!this.database) throw new DOMException('no storage', 'InvalidStateError');
      while (this.inMemory.length > 0) {
        await keep(this.database, 'pieces', { recording: this.recording.id, data: this.inMemory[0] });
        this.inMemory.shift();
      }
    });
    this.stored = storing.catch(() => {});
    await storing;
  }

  async allPieces() {
    const stored = this.database ? await storedPieces(this.database, this.recording) : [];
    return [...stored, ...this.inMemory];
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
  /** @type {File[]} */
  #found = []; // on earlier visits, and without a number yet
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
    this.#machine = new onair.Recording({ perform: (command, file) => this.#attempt(command, file), changed });
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

  /** Takes in what earlier visits have left, of pages that have closed or crashed. */
  async find() {
    const database = await openDatabase();
    /** @type {Recording[]} */
    const recordings = await done(database.transaction('recordings').objectStore('recordings').getAll());
    const known = new Set([...this.#files.values()].map(({ recording }) => recording.id));
    for (const recording of recordings.sort((a, b) => a.started - b.started)) {
      if (known.has(recording.id)) continue; // begun meanwhile
      const file = new File(recording);
      try {
        file.release = await lock(recording);
      } catch {
        continue; // another page has it
      }
      file.database = await openDatabase();
      this.#found.push(file);
      this.#machine.fileFound(recording.saved === true);
    }
    database.close();
  }

  saveKept() {
    this.#machine.saveKept();
  }

  deleteKept() {
    this.#machine.deleteKept();
  }

  /**
   * When a file was begun; undefined if there is none of that number.
   * @param {number | undefined} number
   */
  startOf(number = 0) {
    return this.#files.get(number)?.recording.started;
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

  /**
   * Where a command throws, the machine learns that it failed: it waits for nothing that does not come.
   * @type {(command: import('./onair.mjs').RecordingCommand, number: number) => void}
   */
  #attempt(command, number) {
    try {
      this.#perform(command, number);
    } catch (error) {
      reportError(error);
      const machine = this.#machine;
      if (command === 'open_store') machine.storeRefused(number);
      if (command === 'start_recorder' || command === 'stop_recorder') machine.recorderFailed(number);
      if (command === 'store_piece') machine.storingFailed(number);
      if (command === 'save_file') machine.savingFailed(number);
      if (command === 'drop_file') machine.fileDropped(number);
    }
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
    const found = command === 'take_file' && this.#found.shift();
    if (found) this.#files.set(number, found);
    const file = this.#files.get(number);
    if (command === 'take_file') return;
    if (!file) throw new Error(`no file ${number} for ${command}`);
    const dropped = () => machine.fileDropped(number);
    /** @type {Record<Exclude<typeof command, 'open_store' | 'take_file'>, () => void>} */
    const acts = {
      start_recorder: () => this.#record(number, file),
      stop_recorder: () => file.recorder?.state === 'inactive' || file.recorder?.stop(),
      store_piece: () => settle(file.storePiece(), () => machine.pieceStored(number), () => machine.storingFailed(number)),
      keep_piece: () => file.keepPiece(),
      save_file: () => settle(this.#save(file), () => machine.fileSaved(number), () => machine.savingFailed(number)),
      drop_file: () => (this.#files.delete(number), settle(file.forget(), dropped, dropped)),
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
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let silence;
      const awaitPiece = () => {
        clearTimeout(silence);
        silence = setTimeout(() => machine.recorderSilent(number), longestSilence);
      };
      awaitPiece();
      recorder.ondataavailable = ({ data }) => {
        file.piece = data;
        if (data.size === 0) return;
        awaitPiece();
        machine.pieceRecorded(number, data.size);
      };
      // The last piece and the stop follow.
      recorder.onerror = () => (broken = true);
      recorder.onstop = () => {
        clearTimeout(silence);
        if (broken) machine.recorderFailed(number);
        else machine.recorderStopped(number);
      };
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
    // If the mark can't be written, the next visit offers the file as unsaved.
    if (file.database) await noteSaved(file.database, file.recording).catch(console.warn);
  }
}
