// Records a stream to files. Stores each second in the browser's database at once, so that a crash loses at most one
// second. The next visit finds recordings that were not saved.

const pieceLength = 1000; // ms
const types = ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];

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

/** Offers a recording as a download and deletes it. */
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

async function discard(database, { id }) {
  const transaction = database.transaction(['recordings', 'pieces'], 'readwrite');
  transaction.objectStore('recordings').delete(id);
  const pieces = transaction.objectStore('pieces');
  for (const key of await done(pieces.index('recording').getAllKeys(id))) pieces.delete(key);
}

/** Names the lock that a running recording holds. Without the lock, its page has closed or crashed. */
const lockName = ({ id }) => `onair-recording-${id}`;

/** Finds recordings that were not saved: {recordings, save(), discard()}; undefined if there are none. */
export async function unsavedRecordings() {
  const database = await openDatabase();
  const all = await done(database.transaction('recordings').objectStore('recordings').getAll());
  const held = new Set((await navigator.locks.query()).held.map(({ name }) => name));
  const recordings = all.filter((recording) => !held.has(lockName(recording)));
  if (recordings.length === 0) return undefined;
  const each = (act) => async () => {
    for (const recording of recordings) await act(database, recording);
  };
  return { recordings, save: each(save), discard: each(discard) };
}

/** Starts a new file for each stream, since a MediaRecorder stops with its tracks. */
export class Recorder {
  #room;
  #recorder;
  #part = 0;

  constructor(room) {
    this.#room = room;
  }

  static get supported() {
    return typeof MediaRecorder === 'function' && types.some((type) => MediaRecorder.isTypeSupported(type));
  }

  get running() {
    return this.#recorder !== undefined;
  }

  async start(stream) {
    const type = types.find((each) => MediaRecorder.isTypeSupported(each));
    const started = new Date();
    const stamp = started.toISOString().slice(0, 19).replaceAll(':', '-');
    const recording = {
      id: crypto.randomUUID(),
      type: type.split(';')[0],
      started: started.getTime(),
      name: `${this.#room}-${stamp}-${++this.#part}.${type.includes('webm') ? 'webm' : 'mp4'}`,
    };
    const recorder = new MediaRecorder(stream, { mimeType: type });
    this.#recorder = recorder;
    const database = await openDatabase();
    await done(database.transaction('recordings', 'readwrite').objectStore('recordings').add(recording));
    let written = Promise.resolve();
    recorder.ondataavailable = ({ data }) => {
      if (data.size === 0) return;
      written = written.then(() =>
        done(
          database.transaction('pieces', 'readwrite').objectStore('pieces').add({ recording: recording.id, data }),
        ),
      );
    };
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.saved = navigator.locks.request(lockName(recording), async () => {
      await stopped;
      await written;
      await save(database, recording);
    });
    recorder.start(pieceLength);
  }

  /** Ends the file and offers it as a download. */
  async stop() {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    if (recorder?.state === 'recording') recorder.stop();
    await recorder?.saved;
  }

  /** Continues with another stream in a new file. */
  async follow(stream) {
    await this.stop();
    await this.start(stream);
  }
}
