/** Small models that take clicks, with the inputs that exports of Segment Anything have. */
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';

const SIDE = 32;
const RADIUS = 6;
const CELLS = [1, 1, SIDE, SIDE] as const;

/** How bright each cell of the frame is: (1 x 1 x 32 x 32) of 0..1. */
function brightness(graph: OnnxGraph, picture: string): string {
  return graph.add('ReduceMean', [picture], { axes: [1], keepdims: 1 });
}

/**
 * Two masks: what is bright within six cells of the first point, and everything else; the first is said to be better.
 * A second point that means "not this" (0) takes six cells around it away.
 */
function masks(graph: OnnxGraph, bright: string): void {
  const circle = (point: number): string => {
    const at = graph.add(
      'Gather',
      [graph.add('Gather', ['point_coords', graph.scalarInteger(point)], { axis: 1 }), graph.integers(0)],
      { axis: 1 },
    );
    const down = graph.add(
      'Gather',
      [graph.add('Gather', ['point_coords', graph.scalarInteger(point)], { axis: 1 }), graph.integers(1)],
      { axis: 1 },
    );
    const along = (value: (i: number) => number) =>
      graph.weight(
        Float32Array.from({ length: SIDE * SIDE }, (_, i) => value(i)),
        CELLS,
      );
    const [dx, dy] = [
      graph.add('Sub', [along((i) => i % SIDE), at]),
      graph.add('Sub', [along((i) => Math.floor(i / SIDE)), down]),
    ];
    const far = graph.add('Add', [graph.add('Mul', [dx, dx]), graph.add('Mul', [dy, dy])]);
    return graph.add('Sub', [graph.weight(Float32Array.of(RADIUS * RADIUS), []), far]);
  };
  const light = graph.add('Mul', [
    graph.add('Sub', [bright, graph.weight(Float32Array.of(0.5), [])]),
    graph.weight(Float32Array.of(100), []),
  ]);
  const here = graph.add('Min', [circle(0), light]);
  const meaning = graph.add('Cast', [graph.add('Gather', ['point_labels', graph.integers(1)], { axis: 1 })], { to: 1 });
  // 0 for "not this": then the second circle counts against it; anything else lets it be.
  const isOff = graph.add('Cast', [graph.add('Equal', [meaning, graph.weight(Float32Array.of(0), [])])], { to: 1 });
  const against = graph.add('Mul', [
    graph.add('Relu', [circle(1)]),
    graph.add('Mul', [isOff, graph.weight(Float32Array.of(1_000), [])]),
  ]);
  const wanted = graph.add('Sub', [here, against]);
  graph.output(graph.add('Concat', [graph.add('Neg', [wanted]), wanted], { axis: 1 }), 'masks');
  graph.output(graph.weight(Float32Array.of(0.2, 0.9), [1, 2]), 'iou_predictions');
}

const POINTS = [
  { name: 'point_coords', type: 'float32', shape: [1, 'points', 2] },
  { name: 'point_labels', type: 'float32', shape: [1, 'points'] },
] as const;
const ANSWERS = [
  { name: 'masks', type: 'float32', shape: [1, 2, SIDE, SIDE] },
  { name: 'iou_predictions', type: 'float32', shape: [1, 2] },
] as const;

/** Looks at the picture and at the clicks in one go. */
export function promptedModel(): Uint8Array {
  const graph = new OnnxGraph();
  masks(graph, brightness(graph, 'image'));
  return graph.toBytes([{ name: 'image', type: 'float32', shape: [1, 3, SIDE, SIDE] }, ...POINTS], ANSWERS);
}

export function promptedEncoder(): Uint8Array {
  const graph = new OnnxGraph();
  graph.output(brightness(graph, 'image'), 'image_embeddings');
  const picture = { name: 'image', type: 'float32', shape: [1, 3, SIDE, SIDE] } as const;
  return graph.toBytes([picture], [{ name: 'image_embeddings', type: 'float32', shape: CELLS }]);
}

/** As the decoder of Segment Anything is exported, unused inputs and all. */
export function promptedDecoder(): Uint8Array {
  const graph = new OnnxGraph();
  masks(graph, 'image_embeddings');
  const unused = ['mask_input', 'has_mask_input', 'orig_im_size'].map((name) =>
    graph.add('ReduceMean', [name], { keepdims: 0 }),
  );
  graph.output(graph.add('Sum', unused), 'unused');
  return graph.toBytes(
    [
      { name: 'image_embeddings', type: 'float32', shape: CELLS },
      ...POINTS,
      { name: 'mask_input', type: 'float32', shape: [1, 1, 8, 8] },
      { name: 'has_mask_input', type: 'float32', shape: [1] },
      { name: 'orig_im_size', type: 'float32', shape: [2] },
    ],
    [...ANSWERS, { name: 'unused', type: 'float32', shape: [] }],
  );
}

/** `preprocessor_config.json`: colours from 0 to 1. */
export const PLAIN_COLOURS = JSON.stringify({ image_mean: [0, 0, 0], image_std: [1, 1, 1] });
