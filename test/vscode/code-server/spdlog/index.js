/** Writes log files as VS Code's own logger does, as far as its output channels need it. */
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
  #file;
  #level = 2;
  #isRaw = false;

  constructor(file) {
    this.#file = file;
    mkdirSync(path.dirname(file), { recursive: true });
    for (const [level, name] of LEVELS.entries()) {
      this[name === 'warning' ? 'warn' : name] = (message) => this.#write(level, name, message);
    }
  }

  #write(level, name, message) {
    if (level < this.#level) return;
    const time = new Date().toISOString().replace('T', ' ').slice(0, 23);
    try {
      appendFileSync(this.#file, this.#isRaw ? message : `${time} [${name}] ${message}\n`);
    } catch {
      // The folders of a test that ends go before its processes do.
    }
  }

  setLevel(level) {
    this.#level = level;
  }

  getLevel() {
    return this.#level;
  }

  clearFormatters() {
    this.#isRaw = true;
  }

  setPattern() {
    this.#isRaw = false;
  }

  // Every line is on its file at once.
  flush() {
    return undefined;
  }

  drop() {
    return undefined;
  }
}

export const createRotatingLogger = async (_name, file) => new Logger(file);
export const createAsyncRotatingLogger = createRotatingLogger;
export const setLevel = () => undefined;
export const setFlushOn = () => undefined;
export const shutdown = () => undefined;
export const version = 0;
export default { createRotatingLogger, createAsyncRotatingLogger, setLevel, setFlushOn, shutdown, version };
