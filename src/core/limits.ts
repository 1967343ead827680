/** Every limit of the product in one place, each with its reason. */

export const LIMITS = {
  /** V8's parser recurses, and so do the walkers over what it returns. */
  jsonDepthMax: 64,
  /** Larger than any real labeling interface seen (94 templates: at most 60 kB). */
  labelConfigBytesMax: 1_000_000,
  labelConfigDepthMax: 100,
  labelConfigTagsMax: 20_000,
  /** A request body other than an upload: Label Studio sends tasks with all their annotations. */
  bodyBytesMax: 100_000_000,
  /** A call of Label Studio with thousands of tasks: below the longest text that JavaScript holds. */
  studioBodyBytesMax: 400_000_000,
  /** A body from an annotator: masks and long transcripts fit; reading 100 MB of JSON would stop everybody for a second. */
  answerBytesMax: 10_000_000,
  /** An uploaded file: it is streamed, so this bounds the disk, not the memory. */
  uploadBytesMax: 4_000_000_000,
  /** One row of an imported file; longer ones are a broken quote far more often than a text. */
  rowBytesMax: 20_000_000,
  /** An uploaded zip: entries, and what they unpack to. It is held in memory, so this bounds the memory. */
  archiveEntriesMax: 100_000,
  archiveBytesMax: 200_000_000,
  /** Unpacked over packed: label files stay below 50, bombs are beyond 1,000. */
  archiveRatioMax: 200,
  /** A zip that we write: what zip can hold without its 64-bit extension. */
  exportEntriesMax: 65_000,
  exportBytesMax: 4_000_000_000,
  /** Losses of an export that are named one by one; they are always all counted. */
  exportLossesListed: 1_000,
  /** Tasks written in one transaction: large enough to amortise the fsync, small enough not to stall the server. */
  importChunkRows: 1_000,
  /** Tasks per chunk of a bulk job: what a crash may make us compute again. */
  jobChunkRows: 500,
  /** Items and bytes that may wait for models; a call beyond them alone could never be served. */
  inferenceItemsMax: 100_000,
  inferenceBytesMax: 512_000_000,
  /** One encoded picture or sound; with its pixels it has to fit into a host. */
  inferenceItemBytesMax: 100_000_000,
  /** A model file: what the format of ONNX can hold, and what a host may take for one model. */
  modelFileBytesMax: 2_000_000_000,
  /** Vocabularies, labels, settings beside a model; the largest vocabularies in use take 20 MB. */
  modelTextBytesMax: 100_000_000,
  /** All files of a model together: one host holds them at once, so this bounds its memory beside the disk. */
  modelBytesMax: 2_200_000_000,
  /** JSON and labels beside a model that the server itself reads: 22,000 classes take 2 MB, a large graph of TF.js 5. */
  modelSettingsBytesMax: 10_000_000,
  modelFilesMax: 100,
  /** Classes of one model: the largest classifiers in use have 22,000. */
  modelLabelsMax: 100_000,
  /** Numbers in one row of a model's output: classes, or an embedding; the widest of those have 16,384. */
  modelRowMax: 100_000,
  /** Pixels of the frame that a model looks at: the largest in use are 1,536 x 1,536. */
  modelFramePixelsMax: 17_000_000,
  /** Samples that a model hears at once, where it says how many: three minutes at 48 kHz. */
  modelWindowSamplesMax: 10_000_000,
  /** A gigabyte on a slow line. */
  modelPullMs: 4 * 3_600_000,
  /** Pixels of one picture: a 100-megapixel photo; decoded it takes three bytes a pixel. */
  imagePixelsMax: 100_000_000,
  /** Frames of an animation or pages of a scan; walking over more only keeps the reader busy. */
  imagePagesMax: 2_000,
  /** Six hours: a day of meetings in one file is cut before it is labeled. Samples: those hours in stereo at 48 kHz. */
  audioSecondsMax: 21_600,
  audioSamplesMax: 2_100_000_000,
  /** Media from an address: an hour of film, and the time that takes on a slow line. */
  mediaFetchBytesMax: 500_000_000,
  mediaFetchMs: 300_000,
  /** A server that says nothing for this long has gone. */
  mediaFetchIdleMs: 15_000,
  mediaRedirectsMax: 5,
  /** Fetches at once, and how many more may wait for their turn. */
  mediaFetchesMax: 16,
  mediaFetchesWaitingMax: 1_000,
  /** A file inside the task itself; rows have a limit of their own. */
  mediaDataUriCharsMax: 14_000_000,
  /** Fetched media kept on disk, and how long before they are fetched anew. */
  mediaCacheBytesMax: 10_000_000_000,
  mediaCacheAgeMs: 7 * 86_400_000,
  /** Files of one upload: more at once belong into a local-files folder. */
  uploadFilesMax: 10_000,
  /** Reply page of a list. */
  pageSizeMax: 1_000,
  /** A rule document: 100,000 keywords of 40 characters fit four times. */
  ruleDocumentCharsMax: 16_000_000,
  rulesMax: 5_000,
  /** Keywords of all rules of a document, lists read from files included. */
  ruleKeywordsMax: 500_000,
  ruleKeywordCharsMax: 200,
  rulePatternCharsMax: 2_000,
  /** `all` inside `any` inside `not`...: the evaluator recurses. */
  ruleDepthMax: 16,
  /** A backtracking engine on a quadratic pattern: 4,000 characters are about 10 ms. */
  ruleBacktrackCharsMax: 4_000,
  /** The linear engine takes about 0.6 ms per 1,000 characters; longer texts get no vote from such a pattern. */
  ruleLinearEngineCharsMax: 50_000,
  /** Matches of one pattern kept for one text: counts and spans beyond are noise. */
  ruleMatchesMax: 1_000,
} as const;
