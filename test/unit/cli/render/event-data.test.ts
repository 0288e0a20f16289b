import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEventData } from '../../../../contracts/event/data-codec.ts';
import { renderData } from '../../../../cli/render/event-data.ts';

const shown = (text: string) => renderData(encodeEventData(Buffer.from(text)), true);

describe('data is shown as it was written', () => {
  test('with its digits, its repeated names and their order (fault D3)', () => {
    expect(shown('{"id":1970670598291982290,"price":1.10,"a":1,"a":2,"none":[ ],"2":{},"1":[{"b":1e400}]}')).toBe(
      [
        '{',
        '  "id": 1970670598291982290,',
        '  "price": 1.10,',
        '  "a": 1,',
        '  "a": 2,',
        '  "none": [],',
        '  "2": {},',
        '  "1": [',
        '    {',
        '      "b": 1e400',
        '    }',
        '  ]',
        '}',
      ].join('\n'),
    );
  });

  test('as JSON.stringify indents it, whatever is in it and however it was spaced (fault D3)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, space) => {
        // Without what printable() makes visible.
        const json = JSON.stringify(value, null, space).replaceAll(/[\u007f-\uffff]/g, '?');
        expect(shown(json)).toBe(JSON.stringify(JSON.parse(json), undefined, 2));
      }),
    );
  });

  test('text that is no JSON is left alone (fault D3)', () => {
    for (const text of ['{"a":1', 'x: [1, 2]', '']) expect(shown(text)).toBe(text);
  });
});
