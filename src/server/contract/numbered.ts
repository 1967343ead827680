/** Lists by page number, in Label Studio's form. */
import { type TSchema, Type } from 'typebox';
import { nullable } from './shapes.ts';

const PAGE_MAX = 1_000_000;

/** Which page, in a query string; `sizeMax` rows at most. */
export const pageQuery = (sizeMax: number) => ({
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
  page_size: Type.Optional(Type.Integer({ minimum: 1, maximum: sizeMax })),
});

/** A page, and where the ones beside it are. */
export const Numbered = <T extends TSchema>(row: T) =>
  Type.Object({
    count: Type.Integer(),
    next: nullable(Type.String()),
    previous: nullable(Type.String()),
    results: Type.Array(row),
  });
