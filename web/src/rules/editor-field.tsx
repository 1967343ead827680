/** The editor on the page, with what is wrong in the document below it: line, column and what to do. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { plural } from '../format.ts';
import type { Check } from './api.ts';
import type { Schema } from './complete.ts';
import type { Editor } from './editor.ts';

export function EditorField(props: {
  text: string;
  schema: Schema;
  check: Check | undefined;
  onChange: (text: string) => void;
  onSubmit: (text: string) => void;
}): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor | null>(null);
  // What the editor itself holds: text that comes from elsewhere is told from what was typed.
  const held = useRef(props.text);
  const calls = useRef(props);
  calls.current = props;

  useEffect(() => {
    let opened: Editor | null = null;
    let gone = false;
    void import('./editor.ts').then(({ openEditor }) => {
      if (gone || host.current === null) return;
      opened = openEditor(host.current, {
        text: held.current,
        schema: calls.current.schema,
        onChange: (text) => {
          held.current = text;
          calls.current.onChange(text);
        },
        onSubmit: (text) => calls.current.onSubmit(text),
      });
      setEditor(opened);
    });
    return () => {
      gone = true;
      opened?.close();
    };
  }, []);

  useEffect(() => {
    if (editor === null || props.text === held.current) return;
    held.current = props.text;
    editor.setText(props.text);
  }, [editor, props.text]);

  useEffect(() => {
    if (props.check) editor?.setProblems(props.check.problems);
  }, [editor, props.check]);

  return (
    <div className="rule-editor">
      <div className="rule-code" ref={host} data-ready={editor !== null} />
      {props.check && <Verdict check={props.check} />}
    </div>
  );
}

function Verdict({ check }: { check: Check }): ReactNode {
  const { problems, patterns, rules } = check;
  const slow = patterns.filter((one) => one.safety !== 'linear');
  return (
    <div className="rule-verdict" role="status">
      {problems.length === 0 && <p className="good">No problem in {plural(rules.length, 'rule')}.</p>}
      {problems.length > 0 && (
        <ul>
          {problems.slice(0, 8).map((one) => (
            <li key={`${one.line} ${one.column} ${one.message}`}>
              <b>
                Line {one.line}, column {one.column}
              </b>{' '}
              {one.message}
            </li>
          ))}
        </ul>
      )}
      {slow.length > 0 && (
        <details>
          <summary>{plural(slow.length, 'pattern')} that cannot run as fast as text is read</summary>
          <ul>
            {slow.map((one) => (
              <li key={`${one.rule} ${one.pattern}`}>
                <b>{one.rule}</b> <code>{one.pattern}</code> <span className="chip">{one.safety}</span> {one.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
