/** The import directions of ARCHITECTURE.md, checked by reading the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** Folder -> folders it may import values from. Types of ports may be imported by `app` from anywhere. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  kernels: ['core'],
  labelconfig: ['core'],
  heads: ['core', 'kernels'],
  sampling: ['core', 'kernels', 'heads'],
  propagation: ['core', 'kernels', 'heads'],
  rules: ['core', 'kernels', 'labelconfig'],
  consensus: ['core', 'kernels', 'labelconfig'],
  formats: ['core', 'labelconfig'],
  regions: ['core', 'labelconfig'],
  backends: ['core', 'kernels'],
  store: ['core'],
  media: ['core'],
  compute: ['core', 'kernels', 'heads', 'sampling', 'propagation', 'rules', 'consensus'],
  app: ['core', 'labelconfig', 'heads', 'sampling', 'propagation', 'rules', 'consensus', 'formats', 'regions'],
  server: ['core', 'labelconfig', 'app'],
  cli: ['core', 'labelconfig', 'formats', 'app', 'server', '.'],
  '.': ['*'],
};

/** Heavy or native packages, and the one folder each is imported in; the file is the only one there that does. */
const ONE_HOME: Record<string, string> = {
  'onnxruntime-node': 'backends',
  '@tensorflow/tfjs-core': 'backends',
  sharp: 'backends',
  wavefile: 'backends',
  '@alexanderolsen/libsamplerate-js': 'backends',
  'hnswlib-node': 'propagation',
  usearch: 'propagation',
  '@photostructure/sqlite': 'store',
  piscina: 'compute',
};

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const pattern = /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import\s+'([^']+)'/gm;
  return [...text.matchAll(pattern)].map((m) => ({
    file: relative(root, file),
    target: (m[2] ?? m[3] ?? m[4])!,
    typeOnly: m[1] !== undefined,
  }));
}

const imports = sourceFiles(root).flatMap(importsOf);

function folderOf(path: string): string {
  return path.includes('/') ? path.split('/')[0]! : '.';
}

describe('architecture', () => {
  it('has no folder without a rule', () => {
    const folders = new Set(sourceFiles(root).map((file) => folderOf(relative(root, file))));
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it('imports only in the allowed directions', () => {
    const wrong = imports.filter((one) => {
      if (!one.target.startsWith('.')) return false;
      const from = folderOf(one.file);
      const to = folderOf(relative(root, resolve(root, dirname(one.file), one.target)));
      const allowed = MAY_IMPORT[from] ?? [];
      return from !== to && !allowed.includes('*') && !allowed.includes(to) && !(from === 'app' && one.typeOnly);
    });
    expect(wrong).toEqual([]);
  });

  it('imports each heavy package in exactly one file, in its home', () => {
    for (const [name, home] of Object.entries(ONE_HOME)) {
      const files = new Set(imports.filter((one) => one.target === name && !one.typeOnly).map((one) => one.file));
      expect([...files].map(folderOf), `${name} in ${[...files].join(', ')}`).toEqual(files.size === 0 ? [] : [home]);
    }
  });

  it('reads the environment only in config.ts', () => {
    const readers = sourceFiles(root).filter((file) => /\bprocess\.env\b/.test(readFileSync(file, 'utf8')));
    expect(readers.map((file) => relative(root, file)).filter((file) => file !== 'config.ts')).toEqual([]);
  });
});
