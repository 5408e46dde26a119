// Shows the microphone's level as a bar.

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

  /** @param {MediaStream | null} stream */
  watch(stream) {
    clearInterval(this.#timer);
    this.#source?.disconnect();
    const silent = !stream?.getAudioTracks().length;
    this.#meter.hidden = silent;
    if (silent) return;
    this.#context ??= new AudioContext({ latencyHint: 'playback' }); // the setting with the lowest cost
    this.#context.resume().catch(() => {}); // fails in a browser that asks for a touch first
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      if (document.hidden) return;
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // -60 dB is silence, 0 dB is full
      this.#meter.value = Math.max(0, 1 + Math.log10(Math.max(power, 1e-6)) / 6);
    }, 200);
  }
}
