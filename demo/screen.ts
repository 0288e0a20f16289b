import type { WriteStream } from 'node:tty';

/** Writes lines, and below them one that is kept up to date: in place on a terminal, else whenever it has changed. */
export class Screen {
  readonly #out: NodeJS.WriteStream | WriteStream;
  #live = '';

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** A line that stays. */
  say(line = ''): void {
    this.#clear();
    this.#out.write(`${line}\n`);
    if (this.#out.isTTY) this.#out.write(this.#live);
  }

  /** The line that is kept up to date. */
  live(line: string): void {
    if (line === this.#live) return;
    this.#clear();
    this.#live = this.#out.isTTY ? line.slice(0, this.#out.columns - 1) : line;
    this.#out.write(this.#out.isTTY ? this.#live : `${line}\n`);
  }

  /** Leaves the last live line where it is. */
  end(): void {
    if (this.#out.isTTY && this.#live !== '') this.#out.write('\n');
    this.#live = '';
  }

  #clear(): void {
    if (this.#out.isTTY && this.#live !== '') this.#out.write('\r\u001b[2K');
  }
}
