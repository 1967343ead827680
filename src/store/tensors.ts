/** Tensor files: flat Float32 matrices addressed by ordinal, with a bitmap of the rows that are there. A port. */

export interface TensorKey {
  readonly projectId: number;
  /** `embedding` or `probability`. */
  readonly kind: string;
  /** Version of the model that made it: a new version is a new file. */
  readonly version: string;
}

export interface Tensor {
  readonly columns: number;
  /** One past the highest ordinal ever written. */
  readonly rows: number;
  /** Writes `rows` (n x columns) at these ordinals. Idempotent; durable and checksummed when the promise resolves. */
  write(ordinals: Uint32Array, rows: Float32Array): Promise<void>;
  /** Reads rows `from .. from+count` into `into` (count x columns); rows that are not there are zero. */
  read(from: number, count: number, into: Float32Array): Promise<void>;
  /** Is the row there? */
  has(ordinal: number): boolean;
  /** How many rows are there. */
  readonly filled: number;
  /** Which of these ordinals still lack a row. */
  missing(ordinals: Uint32Array): Uint32Array;
  close(): Promise<void>;
}

export interface TensorStore {
  /** Opens or creates. Verifies checksums: a damaged chunk loses its rows (they count as missing) and is reported. */
  open(key: TensorKey, columns: number): Promise<{ tensor: Tensor; damagedRows: number }>;
  delete(key: TensorKey): Promise<void>;
  /** Everything of a project. */
  deleteProject(projectId: number): Promise<void>;
}
