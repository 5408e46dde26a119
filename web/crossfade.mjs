// Exchanges the sound of a picture that goes on playing, without a gap and without a click: for some moments two elements
// that nobody sees play the old sound, which fades out, and the new one, which fades in.

const fadeTime = 40; // ms
const stepTime = 5; // ms

/** How long the two elements may take to begin, in ms. With the fade it ends before the old connection does (kOverlap). */
export const timeout = 250;

/** @param {MediaStreamTrack[]} tracks */
function voiceOf(tracks) {
  const voice = new Audio();
  voice.volume = 0;
  voice.srcObject = new MediaStream(tracks);
  return voice;
}

/** @param {HTMLVideoElement} picture */
const isHeard = ({ muted, paused, volume }) => !muted && !paused && volume > 0;

class Fade {
  #picture;
  #shown;
  #before;
  #sound;
  #old;
  #fresh;
  /** @type {number | undefined} */
  #begun;
  #ended = false;
  #timer;

  /**
   * @param {HTMLVideoElement} picture
   * @param {MediaStream} shown
   * @param {MediaStreamTrack[]} sound
   */
  constructor(picture, shown, sound) {
    this.#picture = picture;
    this.#shown = shown;
    this.#before = shown.getAudioTracks();
    this.#sound = sound;
    this.#old = voiceOf(this.#before);
    this.#fresh = voiceOf(sound);
    this.#timer = setTimeout(() => this.end(), timeout);
  }

  async play() {
    const bothPlay = Promise.all([this.#old.play(), this.#fresh.play()]);
    bothPlay.catch(() => {}); // said below, unless it has ended by then
    await Promise.resolve(); // the client goes on: it may close the old connection at once
    if (this.#before.some(({ readyState }) => readyState === 'ended')) return this.end();
    try {
      await bothPlay;
    } catch {
      return this.end(); // the browser does not let them
    }
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#begun = performance.now();
    for (const track of this.#before) this.#shown.removeTrack(track);
    this.#step();
  }

  /** Now the picture has the new sound, wherever the fade was. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    const isHard = this.#begun === undefined;
    const { volume } = this.#picture;
    // Chromium plays a track that it no longer shows at its last volume, until the connection closes.
    if (isHard) this.#picture.volume = 0;
    for (const track of this.#sound) this.#shown.addTrack(track);
    this.#fresh.pause(); // before anything that takes time, or it is heard twice
    for (const track of this.#before) this.#shown.removeTrack(track);
    if (isHard) this.#picture.volume = volume;
    for (const voice of [this.#old, this.#fresh]) {
      voice.pause();
      voice.srcObject = null;
    }
  }

  #step() {
    const share = (performance.now() - Number(this.#begun)) / fadeTime;
    if (share >= 1 || !isHeard(this.#picture)) return this.end();
    this.#old.volume = this.#picture.volume * (1 - share);
    this.#fresh.volume = this.#picture.volume * share;
    this.#timer = setTimeout(() => this.#step(), stepTime);
  }
}

/** False in a browser whose pages can't set a volume, as on an iPhone. */
const canFade = () => voiceOf([]).volume === 0;

/** `pictures()` lists those that may play a stream. */
export class Crossfades {
  #pictures;
  /** @type {WeakMap<MediaStream, Fade>} */
  #fades = new WeakMap();

  /** @param {() => HTMLVideoElement[]} pictures */
  constructor(pictures) {
    this.#pictures = pictures;
  }

  /**
   * Puts the tracks `sound` into the stream `shown` in place of its sound, in some moments. False where the caller shall
   * do that at once: nobody hears it, the browser has not what it needs, or the stream is sound alone. That would have no
   * track during the fade, and some browsers pause an element whose stream has none.
   * @param {MediaStream} shown
   * @param {MediaStreamTrack[]} sound
   */
  begin(shown, sound) {
    this.#fades.get(shown)?.end();
    const picture = this.#pictures().find(({ srcObject }) => srcObject === shown);
    const isSound = sound.length > 0 && shown.getAudioTracks().length > 0;
    const isPicture = shown.getVideoTracks().length > 0;
    if (!picture || !isHeard(picture) || !isSound || !isPicture || !canFade()) return false;
    const fade = new Fade(picture, shown, sound);
    this.#fades.set(shown, fade);
    fade.play().catch(reportError);
    return true;
  }
}
