/** Every run of the tests plays the same random cases; `FAST_CHECK_SEED` plays others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20_261_123) });
