// Shows the microphone's level as a bar.

/**
 * Browsers allow a page few of them.
 * @param {AudioContext} context
 */
const end = async (context) => context.close();

/** Shows the level of a stream's sound in a <meter>. Hides the meter without a stream or without sound. */
export class LevelMeter {
  #meter;
  /** @type {AudioContext | undefined} */
  #context;
  /** @type {MediaStreamAudioSourceNode | undefined} */
  #source;
  /** @type {number | undefined} */
  #timer;

  /** @param {HTMLMeterElement} meter */
  constructor(meter) {
    this.#meter = meter;
  }

  /**
   * Never throws: a browser without a working AudioContext gets no meter, and everything else goes on.
   * @param {MediaStream | null} stream
   */
  watch(stream) {
    clearInterval(this.#timer);
    this.#meter.hidden = true;
    const isOld = this.#context !== undefined;
    // An AudioContext may have a sample rate that the device no longer has. A new one takes the device's.
    if (!this.#attempt(stream) && isOld) this.#attempt(stream);
  }

  /** @param {MediaStream | null} stream */
  #attempt(stream) {
    try {
      this.#source?.disconnect();
      this.#source = undefined;
      if (stream?.getAudioTracks().length) this.#listen(stream);
      return true;
    } catch (error) {
      console.warn(error);
      if (this.#context) end(this.#context).catch(() => {}); // it is of no use any more
      this.#source = this.#context = undefined;
      return false;
    }
  }

  /** @param {MediaStream} stream */
  #listen(stream) {
    this.#context ??= new AudioContext({ latencyHint: 'playback' }); // the setting with the lowest cost
    this.#context.resume().catch(() => {}); // fails in a browser that asks for a touch first
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#meter.hidden = false;
    this.#timer = setInterval(() => {
      if (document.hidden) return;
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // -60 dB is silence, 0 dB is full
      this.#meter.value = Math.max(0, 1 + Math.log10(Math.max(power, 1e-6)) / 6);
    }, 200);
  }
}
