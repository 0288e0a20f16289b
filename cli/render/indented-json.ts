/** Deeper levels are not indented further, so that deep nesting does not cost the square of its length. */
const MAX_INDENT = 100;

/**
 * JSON with a line for each value, its digits, names and order as they were written: to parse and write it would round long
 * numbers and drop repeated names. Any other text as it is.
 */
export function indentedJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return new Indenter(text).run();
}

/** Goes through a text that is known to be JSON. */
class Indenter {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string {
    const parts: string[] = [];
    for (; this.#at < this.#text.length; this.#at += 1) parts.push(this.#part(this.#text.charAt(this.#at)));
    return parts.join('');
  }

  #part(character: string): string {
    switch (character) {
      case '"':
        return this.#string();
      case '[':
      case '{':
        return this.#open(character);
      case ']':
      case '}':
        return this.#line(-1) + character;
      case ',':
        return character + this.#line(0);
      case ':':
        return ': ';
      default:
        return isSpace(character) ? '' : character;
    }
  }

  #string(): string {
    const start = this.#at;
    do this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    while (this.#text[this.#at] !== '"');
    return this.#text.slice(start, this.#at + 1);
  }

  #open(bracket: string): string {
    let next = this.#at + 1;
    while (isSpace(this.#text.charAt(next))) next += 1;
    const closing = this.#text.charAt(next);
    if (closing !== ']' && closing !== '}') return bracket + this.#line(1);
    this.#at = next;
    return bracket + closing;
  }

  #line(change: number): string {
    this.#depth += change;
    return `\n${'  '.repeat(Math.min(this.#depth, MAX_INDENT))}`;
  }
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}
