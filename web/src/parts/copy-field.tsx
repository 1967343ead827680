/** An address or a secret to take elsewhere. */
import { type ReactNode, useRef, useState } from 'react';

export function CopyField({ value, label }: { value: string; label: string }): ReactNode {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState('');
  const copy = async (): Promise<void> => {
    field.current?.select();
    if (await toClipboard(value)) setCopied(value);
  };
  return (
    <div className="copy-row">
      <input ref={field} readOnly value={value} aria-label={label} onFocus={(event) => event.target.select()} />
      <button type="button" className="primary" onClick={() => void copy()}>
        {copied === value ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

/** A page served without TLS has no clipboard: the older command takes what is selected. */
async function toClipboard(text: string): Promise<boolean> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return document.execCommand('copy');
  return clipboard.writeText(text).then(
    () => true,
    () => document.execCommand('copy'),
  );
}
