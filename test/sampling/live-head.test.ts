/** The three ways a head follows its labels lead to the same answers. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { LabelSet } from '../../src/sampling/labels.ts';
import { LiveHead } from '../../src/sampling/live-head.ts';
import { RowStore } from '../../src/sampling/rows.ts';
import { clusters, flat } from '../heads/reference.ts';

const DIM = 24;

/** `width` classes, of which three are used: more classes make the exact fit dearer and so move the border. */
function world(width: number, n: number, name: string) {
  const { rows, classOf } = clusters(seededRandom(name), n, DIM, 3, 1);
  const store = new RowStore({ dim: DIM, classCount: width });
  store.add([...rows.keys()], flat(rows));
  const labels = new LabelSet(
    'softmax',
    Array.from({ length: width }, (_, c) => String(c)),
  );
  return {
    store,
    labels,
    classOf,
    live: new LiveHead(store, 'softmax', {
      weights: (ordinals) => new Float32Array(ordinals.length).fill(1),
      rows: () => null,
    }),
  };
}

function probabilities(live: LiveHead, n: number, width: number): number[] {
  const p = new Float32Array(width);
  return Array.from({ length: n }, (_, ordinal) => {
    live.predictions!.probabilitiesInto(ordinal, p, 0);
    return [...p.subarray(0, 3)];
  }).flat();
}

function meanGap(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, v, i) => sum + Math.abs(v - b[i]!), 0) / a.length;
}

describe('live head', () => {
  it('polished rank-one steps stay close to the exact fit under labels coming, changing and going', () => {
    // 60 labels x 24 x 400 classes is beyond an exact fit per label, so these are steps.
    const stepped = world(400, 200, 'steps');
    const exact = world(3, 200, 'steps');
    const both = (act: (labels: LabelSet) => void): void => {
      for (const { labels, live } of [stepped, exact]) {
        act(labels);
        live.sync(labels);
      }
    };
    for (let i = 0; i < 60; i++) both((labels) => labels.set(i, stepped.classOf[i]!));
    for (let i = 60; i < 110; i++) both((labels) => labels.set(i, stepped.classOf[i]!));
    both((labels) => labels.set(3, (stepped.classOf[3]! + 1) % 3));
    both((labels) => labels.set(7, null));
    const gap = meanGap(probabilities(stepped.live, 200, 400), probabilities(exact.live, 200, 3));
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(0.02);
  });

  it('keeps weights and pool logits in step', () => {
    const { store, labels, classOf, live } = world(400, 120, 'consistent');
    for (let i = 0; i < 100; i++) {
      labels.set(i, classOf[i]!);
      live.sync(labels);
    }
    const head = live.snapshot(labels.classes)!;
    for (const ordinal of [0, 50, 119]) {
      for (let c = 0; c < 3; c++) {
        let logit = head.bias[c]!;
        for (let j = 0; j < DIM; j++) logit += head.weights[c * DIM + j]! * store.row(ordinal)[j]!;
        expect(store.logits[ordinal * 400 + c]!).toBeCloseTo(logit, 3);
      }
    }
  });
});
