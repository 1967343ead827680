/** Accuracy over labels with its interval, drawn by Observable Plot, and the same numbers as a table for readers. */
import { areaY, dot, lineY, plot, ruleY } from '@observablehq/plot';
import { type ReactNode, useEffect, useRef } from 'react';
import { percent } from '../format.ts';
import type { Insights } from '../wire.ts';

export function LearningCurve({ points }: { points: Insights['curve'] }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = place.current;
    if (host === null) return;
    const draw = (): void => {
      const figure = plot({
        className: 'curve',
        width: Math.max(320, host.clientWidth),
        height: 280,
        marginLeft: 48,
        marginBottom: 40,
        x: { label: 'labels', nice: true, ticks: 8, tickFormat: 'd' },
        y: { label: 'accuracy, %', grid: true, domain: [lowest(points), 100] },
        marks: [
          areaY(points, { x: 'labels', y1: (p) => p.low * 100, y2: (p) => p.high * 100, fillOpacity: 0.16 }),
          lineY(points, { x: 'labels', y: (p) => p.accuracy * 100, strokeWidth: 2 }),
          dot(points, { x: 'labels', y: (p) => p.accuracy * 100, r: 2.5 }),
          ruleY([lowest(points)]),
        ],
      });
      // Plot carries its rules in a <style> element, which the content policy refuses; ours stand in insights.css.
      for (const style of figure.querySelectorAll('style')) style.remove();
      figure.setAttribute('aria-hidden', 'true');
      host.replaceChildren(figure);
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(host);
    return () => observer.disconnect();
  }, [points]);
  return (
    <>
      <div ref={place} className="plot" />
      <details>
        <summary>As a table</summary>
        <table aria-label="Accuracy while labels come in">
          <thead>
            <tr>
              <th scope="col">Labels</th>
              <th scope="col">Accuracy</th>
              <th scope="col">Interval</th>
              <th scope="col">Blind answers</th>
            </tr>
          </thead>
          <tbody>
            {points.map((point) => (
              <tr key={point.labels}>
                <td>{point.labels}</td>
                <td>{percent(point.accuracy)}</td>
                <td>
                  {percent(point.low)} to {percent(point.high)}
                </td>
                <td>{point.n}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

/** The axis starts at a round number under the lowest bound: a curve near 95 % must not be a flat line. */
function lowest(points: Insights['curve']): number {
  return Math.max(0, Math.floor((Math.min(...points.map((point) => point.low)) * 100) / 10) * 10);
}
