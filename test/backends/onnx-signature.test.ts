/** What a file says of its ends, read in a thread; graphs that were made to keep a reader busy. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { signatureOf } from '../../src/backends/signature-thread.ts';

const value = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }] } } } });
const node = (opType: string, input: string[], output: string[]) => ({ opType, input, output });

function read(graph: object) {
  const bytes = onnx.ModelProto.encode(onnx.ModelProto.fromObject({ irVersion: 8, graph })).finish();
  const path = join(mkdtempSync(join(tmpdir(), 'headstart-signature-')), 'model.onnx');
  writeFileSync(path, bytes);
  return signatureOf(path);
}

describe('the signature of a model', () => {
  it('says what made the numbers of each output, and which inputs the graph scales itself', async () => {
    const signature = await read({
      node: [
        node('Sub', ['pixels', 'mean'], ['centred']),
        node('Gemm', ['centred', 'mask'], ['logits']),
        node('Softmax', ['logits'], ['shares']),
        node('Reshape', ['shares', 'to'], ['flat']),
        node('Identity', ['flat'], ['again']),
      ],
      initializer: [{ name: 'mean', dims: [1], dataType: 1, floatData: [1] }],
      input: [value('mean'), value('pixels'), value('mask')],
      output: ['again', 'logits', 'flat', 'nowhere'].map(value),
    });
    expect(signature.inputs.map(({ name }) => name)).toEqual(['pixels', 'mask']);
    expect(Object.fromEntries(signature.endings)).toEqual({ again: 'Softmax', flat: 'Softmax', logits: 'Gemm' });
    expect([...signature.scaled]).toEqual(['pixels']);
  });

  it('comes to an end where nodes take what they make', async () => {
    const round = [node('Identity', ['a'], ['b']), node('Identity', ['b'], ['a'])];
    const { endings } = await read({ node: round, input: [value('x')], output: [value('a'), value('b')] });
    expect(endings.size).toBe(0);
  });

  it('is not read where there is no end of inputs, or of what is no ONNX', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => value(`x${i}`));
    await expect(read({ input: many })).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
    const path = join(mkdtempSync(join(tmpdir(), 'headstart-signature-')), 'model.onnx');
    writeFileSync(path, 'no model');
    await expect(signatureOf(path)).rejects.toMatchObject({ code: 'BACKEND_LOAD' });
  });
});
