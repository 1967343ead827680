/** Where a file is dropped, or chosen by a click or a key. */
import { type DragEvent, type ReactNode, useState } from 'react';

export function DropZone(props: {
  file: File | null;
  /** Endings that the file dialog shows; anything may be dropped. */
  accept?: string;
  onFile: (file: File) => void;
  children: ReactNode;
}): ReactNode {
  const { file, accept, onFile } = props;
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped !== undefined) onFile(dropped);
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
        accept={accept}
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen !== undefined) onFile(chosen);
        }}
      />
      {file === null ? (
        <>
          <b>Drop a file here</b> or choose one. <span className="muted">{props.children}</span>
        </>
      ) : (
        <>
          <b dir="auto">{file.name}</b>{' '}
          <span className="muted">{Math.ceil(file.size / 1_000)} kB. Choose another.</span>
        </>
      )}
    </label>
  );
}
