/** Rules: written on the left, watched on the right while they are typed, compared, applied and taken back. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { api } from '../api.ts';
import { sentenceOf } from '../http.ts';
import { useProject } from '../project.ts';
import { rulesApi } from '../rules/api.ts';
import { arrivalIn } from '../rules/arrival.ts';
import '../rules/rules.css';
import { Workshop } from '../rules/workshop.tsx';

/** Tags that ask for labels of a whole task. */
const CHOICES: readonly string[] = ['Choices', 'Taxonomy', 'Rating'];

export default function RulesPage({ projectId }: { projectId: number }): ReactNode {
  const client = useMemo(() => rulesApi(projectId), [projectId]);
  const [arrival] = useState(() => arrivalIn(window.location));
  // A reload makes no second rule.
  useEffect(() => window.history.replaceState(null, '', window.location.pathname), []);
  const saved = useQuery({
    queryKey: ['rules', projectId],
    queryFn: client.newest,
    staleTime: Number.POSITIVE_INFINITY,
    // Not while somebody writes, but whoever comes back begins with what was saved since.
    gcTime: 0,
  });
  const schema = useQuery({
    queryKey: ['rule-schema', projectId],
    queryFn: client.schema,
  });
  const config = useProject(projectId).data?.label_config;
  const controls = useQuery({
    queryKey: ['controls', projectId, config],
    queryFn: () => api.checkConfig(config ?? ''),
    enabled: config !== undefined,
  });
  const problem = saved.error ?? controls.error ?? schema.error;
  if (problem) {
    return (
      <main className="page">
        <p role="alert">{sentenceOf(problem)}</p>
      </main>
    );
  }
  if (saved.data === undefined || controls.data === undefined || schema.data === undefined)
    return <main className="page muted">Opening…</main>;
  const choice = controls.data.controls.find((one) => CHOICES.includes(one.type));
  const spans = controls.data.controls.find((one) => one.type === 'Labels');
  const labels = [...new Set([...(choice?.labels ?? []), ...(spans?.labels ?? [])])];
  const start = saved.data?.document ?? exampleFor(labels, choice === undefined, config ?? '');
  return (
    <Workshop
      projectId={projectId}
      client={client}
      schema={schema.data}
      saved={saved.data?.document ?? null}
      start={start}
      lists={saved.data?.lists ?? {}}
      labels={labels}
      arrival={arrival}
    />
  );
}

/** A document to begin with, that fires on nothing by accident. */
function exampleFor([label = 'label']: readonly string[], spans: boolean, config: string): string {
  const fact = /<Image\b/.test(config) ? 'width' : 'duration';
  const reads = spans || !/<(Image|Audio)\b/.test(config) || /<Text\b/.test(config);
  return `headstart_rules: 1
rules:
  - id: first
    label: ${JSON.stringify(label)}${spans ? '\n    spans: true' : ''}
    ${reads ? 'keywords: [your words, your other words]' : `fact: {path: ${fact}, max: 0}`}
`;
}
