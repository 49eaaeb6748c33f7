// Queue of changes. Each is stored on this device until the server confirms that it is saved.
import { Refused, sendJson, storage } from "./api.js";

const WAITS = [1_000, 2_000, 4_000, 8_000, 15_000];

// crypto.randomUUID is not available on pages over plain http.
export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export class Queue {
  #entries = [];
  #sending = false;
  #running = null;
  #failures = 0;
  #timer = null;

  // on: { saved(n, state), conflict(n, state), refused(n, error), change() }
  constructor(key, on) {
    this.prefix = `rating-study:${key}:`;
    this.on = on;
    this.#entries = this.#kept();
    addEventListener("online", () => this.send());
  }

  get size() { return this.#entries.length; }
  get answers() { return new Set(this.#entries.map((entry) => entry.n)).size; }
  get offline() { return this.#failures > 0; }
  waiting(n) { return this.#entries.filter((entry) => entry.n === n); }

  add(n, base, reply, seconds) {
    const last = this.waiting(n).at(-1);
    if (last && !last.sent) {
      Object.assign(last, { reply, seconds });
      this.#keep(last);
    } else {
      const entry = { n, at: Date.now(), save_id: newId(), base: last ? null : base, reply, seconds, sent: false };
      this.#entries.push(entry);
      this.#keep(entry);
    }
    this.send();
  }

  // Resolves when the queue is empty or the connection is lost.
  send() {
    if (!this.#sending) this.#running = this.#drain();
    return this.#running;
  }

  async #drain() {
    clearTimeout(this.#timer);
    this.#sending = true;
    try {
      while (this.#entries.length) {
        await this.#sendOne(this.#entries[0]);
        this.#failures = 0;
        this.on.change();
      }
    } catch (error) {
      if (!(error instanceof Refused)) {
        this.#failures += 1;
        this.#timer = setTimeout(() => this.send(), WAITS[Math.min(this.#failures, WAITS.length) - 1]);
      }
    } finally {
      this.#sending = false;
      this.on.change();
    }
  }

  async #sendOne(entry) {
    entry.sent = true;
    const { n, save_id, base, reply, seconds } = entry;
    try {
      const state = await sendJson("PUT", `/api/rater/tasks/${n}`, { save_id, base: base ?? 0, reply, seconds });
      this.#forget(entry);
      const next = this.waiting(n)[0];
      if (next) { next.base = state.revision; this.#keep(next); }
      this.on.saved(n, state);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // 401 and 403 can be temporary (the rater may be readmitted), so the change is kept.
      if (error.status === 401 || error.status === 403) { this.on.refused(n, error); throw error; }
      this.waiting(n).forEach((waiting) => this.#forget(waiting));
      if (error.status === 409 && error.body.revision !== undefined) this.on.conflict(n, error.body);
      else this.on.refused(n, error);
    }
  }

  #kept() {
    const found = [];
    for (let i = 0; i < storage.length; i += 1) {
      const name = storage.key(i);
      if (name.startsWith(this.prefix)) found.push({ ...JSON.parse(storage.getItem(name)), sent: true });
    }
    return found.sort((a, b) => a.at - b.at);
  }

  #keep(entry) {
    // If the storage is full or forbidden, the change is still sent from memory.
    try { storage.setItem(this.prefix + entry.save_id, JSON.stringify(entry)); } catch { /* kept in memory */ }
  }

  #forget(entry) {
    this.#entries = this.#entries.filter((other) => other !== entry);
    try { storage.removeItem(this.prefix + entry.save_id); } catch { /* was not stored */ }
  }
}
