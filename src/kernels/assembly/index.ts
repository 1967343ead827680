/** Entry of the WebAssembly module: what the wrapper in the folder above can call. Pointers are byte addresses. */
export { addOuter, firstNonFinite, gemm, matvec, measureRows, squaredLengths } from './dense';
export { collectAtLeast, select } from './select';
export { entropy, leastConfidence, margin, scoreLogits, softmaxRows } from './scores';
export { badgeStep, coverWith, gains, kCenterStep, race, rbf, squaresFromDots } from './batch';
export { addWeighted64, gemm64 } from './double';
export { mergeTopK } from './neighbours';
