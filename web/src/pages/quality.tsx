/** How good the suggestions are, how the model learns, where it errs, and in which order items come. */
import '../insights/insights.css';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { count, percent, plural, seconds } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { DoubtsSection } from '../insights/doubts.tsx';
import { ModelSection } from '../insights/model.tsx';
import { PolicySection } from '../insights/policy.tsx';
import { TrainingSection } from '../insights/training.tsx';
import { MapSection } from '../map/section.tsx';
import { LearningCurve } from '../parts/curve.tsx';
import type { Insights } from '../wire.ts';

/** Below this the interval spans most of the scale. */
const BLIND_MIN = 20;

export default function QualityPage({ projectId }: { projectId: number }): ReactNode {
  const insights = useQuery({
    queryKey: ['insights', projectId],
    queryFn: () => api.insights(projectId),
    refetchInterval: 10_000,
  });
  return (
    <main className="page">
      <h1>Insights</h1>
      {insights.isError && <p role="alert">{sentenceOf(insights.error)}</p>}
      {insights.data && <Figures insights={insights.data} />}
      {insights.data && <TrainingSection projectId={projectId} insights={insights.data} />}
      <ModelSection projectId={projectId} />
      <DoubtsSection projectId={projectId} />
      <MapSection projectId={projectId} />
      <PolicySection projectId={projectId} />
    </main>
  );
}

function Figures({ insights }: { insights: Insights }): ReactNode {
  const { curve, acceptance, blind_accuracy: blind } = insights;
  return (
    <>
      <p className="lead">{verdict(insights)}</p>
      <section className="card" aria-labelledby="curve-title">
        <h2 id="curve-title">Accuracy while labels come in</h2>
        <p className="muted">
          The model against answers given without a suggestion, on a random slice. The band is the 95 % interval.
        </p>
        {blind === null || blind.n < BLIND_MIN ? (
          <p>
            Too few blind answers yet: {blind?.n ?? 0} of the {BLIND_MIN} that a curve needs to mean anything.
          </p>
        ) : (
          <LearningCurve points={curve} />
        )}
      </section>
      <dl className="figures">
        {blind !== null && blind.n >= BLIND_MIN && (
          <Figure name="Model accuracy, blind slice" value={percent(blind.accuracy)} low={blind.low} high={blind.high}>
            {plural(blind.n, 'blind answer')}
          </Figure>
        )}
        {acceptance !== null && (
          <Figure
            name="Suggestions accepted"
            value={percent(acceptance.rate)}
            low={acceptance.low}
            high={acceptance.high}
          >
            {count(acceptance.accepted)} of {count(acceptance.shown)} shown
          </Figure>
        )}
        {insights.time_saved !== null && (
          <Figure
            name="Time saved per item"
            value={percent(insights.time_saved.saved)}
            low={insights.time_saved.low}
            high={insights.time_saved.high}
          >
            {seconds(insights.time_saved.aided_ms)} with, {seconds(insights.time_saved.blind_ms)} without a suggestion
          </Figure>
        )}
      </dl>
    </>
  );
}

function Figure(props: { name: string; value: string; low: number; high: number; children: ReactNode }): ReactNode {
  return (
    <div className="card figure">
      <dt>{props.name}</dt>
      <dd>
        <b>{props.value}</b>
        <span>
          {percent(props.low)} to {percent(props.high)}
        </span>
        <span className="muted">{props.children}</span>
      </dd>
    </div>
  );
}

/** One sentence, only as strong as the data. */
function verdict({ time_saved: time, bias }: Insights): string {
  if (time === null || bias === null) {
    return 'There are too few answers to say whether suggestions save time or sway people. Keep labeling.';
  }
  const saves =
    time.low > 0
      ? `save ${percent(time.saved)} of the time`
      : time.high < 0
        ? `cost ${percent(-time.saved)} more time`
        : 'make no clear difference to the time';
  const points = Math.abs(Math.round(bias.points * 10) / 10);
  const sways =
    bias.low > 0
      ? `bias people towards the model by ${points} points (${bias.low.toFixed(1)} to ${bias.high.toFixed(1)})`
      : 'show no clear bias';
  return `Suggestions ${saves} and ${sways}.`;
}
