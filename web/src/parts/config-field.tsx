/** A label config as text, checked while it is typed; and ready ones to start from. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { api } from '../api.ts';
import { ApiProblem, sentenceOf } from '../http.ts';

const CHECK_AFTER_MS = 250;

export function ConfigField({ config, onChange }: { config: string; onChange: (config: string) => void }): ReactNode {
  const [settled, setSettled] = useState(config);
  const verdictId = useId();
  useEffect(() => {
    const timer = setTimeout(() => setSettled(config), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [config]);
  const check = useQuery({
    queryKey: ['check-config', settled],
    queryFn: () => api.checkConfig(settled),
    enabled: settled.trim() !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <label className="field">
      Label config
      <textarea
        className="code"
        rows={10}
        spellCheck={false}
        value={config}
        onChange={(event) => onChange(event.target.value)}
        aria-describedby={verdictId}
        aria-invalid={check.isError}
      />
      <span id={verdictId} aria-live="polite" className={check.isError ? 'bad' : 'muted'}>
        {settled.trim() === '' && 'As in Label Studio: Settings, Labeling Interface, Code.'}
        {check.isError && placed(check.error)}
        {check.data?.controls
          .map((control) => `${control.type} "${control.name}": ${control.labels.join(', ')}`)
          .join('; ')}
      </span>
    </label>
  );
}

/** Ready configs by kind of data; picking one fills the field, where it can be changed. */
export function Templates({ onPick }: { onPick: (config: string) => void }): ReactNode {
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: api.templates,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const groups = [...new Set(templates.data?.map((template) => template.group))];
  return (
    <label className="field">
      Start from a template
      <select
        defaultValue=""
        onChange={(event) => {
          const picked = templates.data?.find((template) => template.name === event.target.value);
          if (picked) onPick(picked.label_config);
        }}
      >
        <option value="">None: paste your own below</option>
        {groups.map((group) => (
          <optgroup key={group} label={group}>
            {templates.data
              ?.filter((template) => template.group === group)
              .map((template) => (
                <option key={template.name} value={template.name}>
                  {template.title}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function placed(error: unknown): string {
  if (!(error instanceof ApiProblem)) return sentenceOf(error);
  const { line, column } = error.details;
  return typeof line === 'number' ? `Line ${line}, column ${String(column ?? 1)}: ${error.message}` : error.message;
}
