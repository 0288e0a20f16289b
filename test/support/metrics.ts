/** The page that Prometheus would read. */
export async function scrape(address: string): Promise<MetricsPage> {
  const response = await fetch(`http://${address}/metrics`);
  if (!response.ok) throw new Error(`${address} answers ${response.status}`);
  return new MetricsPage(await response.text());
}

export class MetricsPage {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** Every metric of the page with its kind. */
  get kinds(): ReadonlyMap<string, string> {
    const types = this.#lines.filter((line) => line.startsWith('# TYPE '));
    return new Map(types.map((line) => line.split(' ').slice(2, 4) as [string, string]));
  }

  /** The sum of all series of this name with this tag. */
  sum(name: string, tag: string): number {
    const lines = this.#lines.filter((line) => line.startsWith(`${name}{`) && line.includes(tag));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** The value of the one series of this name and pipeline; undefined when there is none. */
  value(name: string, pipeline: string): number | undefined {
    const start = `${name}{pipeline="${pipeline}"} `;
    const line = this.#lines.find((each) => each.startsWith(start));
    return line === undefined ? undefined : Number(line.slice(start.length));
  }
}
