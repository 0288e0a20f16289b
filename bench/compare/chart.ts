/** The rates as bars, on a scale on which ten times as much is always the same step. */
import { parse, View, type Spec } from 'vega';

export interface Bar {
  readonly load: string;
  readonly contender: string;
  readonly perSecond: number;
}

const STEP = 24;
const GAP = 0.3;

/** @returns SVG */
export async function chartOf(bars: readonly Bar[]): Promise<string> {
  const loads = [...new Set(bars.map(({ load }) => load))];
  const contenders = [...new Set(bars.map(({ contender }) => contender))];
  const spec: Spec = {
    background: 'white',
    padding: 8,
    width: (loads.length * contenders.length * STEP) / (1 - GAP),
    height: 260,
    data: [{ name: 'bars', values: [...bars] }],
    scales: [
      { name: 'load', type: 'band', domain: loads, range: 'width', padding: GAP },
      { name: 'rate', type: 'log', domain: [10, 10_000], range: 'height', clamp: true },
      { name: 'color', type: 'ordinal', domain: contenders, range: { scheme: 'tableau10' } },
    ],
    axes: [
      { orient: 'bottom', scale: 'load' },
      { orient: 'left', scale: 'rate', title: 'events a second', values: [10, 100, 1000, 10_000], grid: true },
    ],
    legends: [{ fill: 'color' }],
    marks: [
      {
        type: 'group',
        from: { facet: { data: 'bars', name: 'ofLoad', groupby: 'load' } },
        encode: { enter: { x: { scale: 'load', field: 'load' } } },
        signals: [{ name: 'width', update: "bandwidth('load')" }],
        scales: [{ name: 'within', type: 'band', domain: contenders, range: 'width' }],
        marks: [
          {
            type: 'rect',
            from: { data: 'ofLoad' },
            encode: {
              enter: {
                x: { scale: 'within', field: 'contender' },
                width: { scale: 'within', band: 0.9 },
                y: { scale: 'rate', field: 'perSecond' },
                y2: { scale: 'rate', value: 10 },
                fill: { scale: 'color', field: 'contender' },
              },
            },
          },
        ],
      },
    ],
  };
  return await new View(parse(spec), { renderer: 'none' }).toSVG();
}
