/** Small generated projects, labeled: classes, spans, boxes, transcripts. What the file formats between them can hold. */
import { seededRandom } from '../../src/core/random.ts';
import { makeTexts } from './texts.ts';
import type { WireTask } from './transfer.ts';

export const TEXT_CLASSES = `<View><Text name="text" value="$text"/>
  <Choices name="label" toName="text"><Choice value="spam"/><Choice value="ham"/></Choices></View>`;
export const SPANS = `<View><Text name="text" value="$text"/>
  <Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels></View>`;
export const BOXES = `<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels></View>`;
export const SPEECH = `<View><Audio name="audio" value="$audio"/><TextArea name="text" toName="audio"/></View>`;

const random = seededRandom('formats', 1);

export const classes: WireTask[] = makeTexts(12).map(({ text, label }) => ({
  data: { text },
  annotations: [{ result: [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } }] }],
}));

/** Words with an astral character before the last span, so that code points and UTF-16 offsets differ. */
export const spans: WireTask[] = makeTexts(12).map(({ text: words }, i) => {
  const text = `Ada 😀 ${words}`;
  const at = text.lastIndexOf(' ') + 1;
  const span = (id: string, start: number, end: number, label: string) => ({
    id,
    from_name: 'ner',
    to_name: 'text',
    type: 'labels',
    value: { start, end, text: text.slice(start, end), labels: [label] },
  });
  const result = [span('s1', 0, 3, 'PER'), ...(i % 3 === 0 ? [] : [span('s2', at, text.length, 'LOC')])];
  return { data: { text }, annotations: [{ result }] };
});

const SIZE = { original_width: 640, original_height: 480, image_rotation: 0 };
/** Hundredths of a percent, so that rounding to thousandths tells a true error from one in the last digit. */
const percent = (from: number, to: number) => from + random.int((to - from) * 100) / 100;
export const box = (id: string, label: string, rotation = 0) => ({
  id,
  from_name: 'box',
  to_name: 'image',
  type: 'rectanglelabels',
  ...SIZE,
  value: {
    x: percent(5, 65),
    y: percent(5, 65),
    width: percent(1, 20),
    height: percent(1, 20),
    rotation,
    rectanglelabels: [label],
  },
});
export const boxes: WireTask[] = Array.from({ length: 12 }, (_unused, i) => ({
  data: { image: `pictures/photo ${i}.jpg` },
  annotations: [{ result: Array.from({ length: 1 + (i % 3) }, (_, k) => box(`b${k}`, k % 2 ? 'dog' : 'cat')) }],
}));

export const speech: WireTask[] = makeTexts(5).map(({ text }, i) => ({
  data: { audio: `recordings/${i}.wav` },
  annotations: [{ result: [{ from_name: 'text', to_name: 'audio', type: 'textarea', value: { text: [text] } }] }],
}));
