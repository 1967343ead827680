/** A text at any length: whole when short, telling parts first when long, the rest on demand. */
import { Fragment, type ReactNode, useMemo } from 'react';
import { EXCERPT, excerpt, splitAtKeywords } from '../excerpt.ts';
import { count } from '../format.ts';

interface TextBlockProps {
  readonly text: string;
  readonly keywords: readonly string[];
  readonly whole: boolean;
  readonly onWhole: () => void;
}

/** Pieces of a whole text: the browser lays out only those in view. */
const CHUNK = 8_000;

export function TextBlock({ text, keywords, whole, onWhole }: TextBlockProps): ReactNode {
  const long = text.length > EXCERPT.wholeMax;
  return (
    <div className="text">
      {long && whole ? <WholeText text={text} /> : <Parts text={text} keywords={long ? keywords : []} />}
      {long && (
        <button type="button" className="small" onClick={onWhole} aria-expanded={whole}>
          {whole ? 'Show the telling parts' : `Show all ${count(text.length)} characters`} <kbd>w</kbd>
        </button>
      )}
    </div>
  );
}

function Parts({ text, keywords }: { text: string; keywords: readonly string[] }): ReactNode {
  const pieces = useMemo(() => excerpt(text, keywords), [text, keywords]);
  return (
    <div className="text-body" dir="auto">
      {pieces.map((piece, i) => {
        const gap = piece.start - (pieces[i - 1]?.end ?? 0);
        return (
          <Fragment key={piece.start}>
            {gap > 0 && <span className="gap">{count(gap)} characters left out</span>}
            <Marked text={text.slice(piece.start, piece.end)} keywords={keywords} />
          </Fragment>
        );
      })}
    </div>
  );
}

function Marked({ text, keywords }: { text: string; keywords: readonly string[] }): ReactNode {
  // Odd pieces are the hits; positions inside one text are stable keys.
  return splitAtKeywords(text, keywords).map((part, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
    i % 2 === 1 ? <mark key={i}>{part}</mark> : <Fragment key={i}>{part}</Fragment>,
  );
}

function WholeText({ text }: { text: string }): ReactNode {
  const chunks = useMemo(() => chunksOf(text), [text]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className="text-body text-whole" dir="auto" tabIndex={0} aria-label="Whole text">
      {chunks.map((chunk) => (
        <div key={chunk.start} className="chunk" dir="auto">
          {chunk.text}
        </div>
      ))}
    </section>
  );
}

/** Cut after a line break where there is one near the end of a chunk. */
function chunksOf(text: string): { start: number; text: string }[] {
  const chunks: { start: number; text: string }[] = [];
  for (let start = 0; start < text.length; ) {
    const limit = Math.min(text.length, start + CHUNK);
    const line = text.lastIndexOf('\n', limit) + 1;
    const low = text.charCodeAt(limit);
    const safe = low >= 0xdc00 && low <= 0xdfff ? limit - 1 : limit;
    const end = limit < text.length && line > start ? line : safe;
    chunks.push({ start, text: text.slice(start, end) });
    start = end;
  }
  return chunks;
}
