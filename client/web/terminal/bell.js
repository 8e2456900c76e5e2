// The bell: a flash or a short tone, a few times a second at most.

/** @typedef {import("./types.js").Settings} Settings */

const AGAIN_MS = 250;
const FLASH_MS = 150;

export class Bell {
  #host;
  #rangAtMs = -Infinity;
  /** @type {AudioContext | null} */
  #audio = null;

  /** @param {HTMLElement} host flashes: it gets the class `bell` for a moment */
  constructor(host) {
    this.#host = host;
  }

  /**
   * @param {Settings["bell"]} kind
   * @returns {boolean} whether it rang
   */
  ring(kind) {
    const now = performance.now();
    if (kind === "off" || now - this.#rangAtMs < AGAIN_MS) return false;
    this.#rangAtMs = now;
    if (kind === "sound") this.#sound();
    else this.#flash();
    return true;
  }

  #flash() {
    this.#host.classList.add("bell");
    setTimeout(() => this.#host.classList.remove("bell"), FLASH_MS);
  }

  #sound() {
    this.#audio ??= new AudioContext();
    const tone = new OscillatorNode(this.#audio, { frequency: 660 });
    const gain = new GainNode(this.#audio, { gain: 0.08 });
    gain.gain.setTargetAtTime(0, this.#audio.currentTime + 0.05, 0.03); // without, it ends with a crack
    tone.connect(gain).connect(this.#audio.destination);
    tone.start();
    tone.stop(this.#audio.currentTime + 0.2);
  }
}
