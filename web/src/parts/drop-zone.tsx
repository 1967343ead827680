/** Where files are dropped, or chosen by a click or a key. */
import { type DragEvent, type ReactNode, useState } from 'react';
import { count, plural } from '../format.ts';

export function DropZone(props: {
  files: readonly File[];
  /** Endings that the file dialog shows; anything may be dropped. */
  accept?: string;
  onFiles: (files: readonly File[]) => void;
  children: ReactNode;
}): ReactNode {
  const { files, accept, onFiles } = props;
  const [over, setOver] = useState(false);
  const take = (chosen: FileList | null): void => {
    if (chosen !== null && chosen.length > 0) onFiles([...chosen]);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <label
      className={`drop ${over ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        type="file"
        className="visually-hidden"
        multiple
        accept={accept}
        onChange={(event) => {
          take(event.target.files);
          // A file that was mended in the meantime can be chosen again.
          event.target.value = '';
        }}
      />
      {files[0] === undefined ? (
        <>
          <b>Drop files here</b> or choose them. <span className="muted">{props.children}</span>
        </>
      ) : (
        <>
          <b dir="auto">{files.length === 1 ? files[0].name : plural(files.length, 'file')}</b>{' '}
          <span className="muted">{count(Math.ceil(sizeOf(files) / 1_000))} kB. Choose others.</span>
        </>
      )}
    </label>
  );
}

function sizeOf(files: readonly File[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
