/** A simulation as one page that needs nothing else: inline SVG, no script, nothing fetched. */
import type { SimulationReport } from '../app/learning/simulate.ts';
import { colour, curvePlot, escaped, PLOT } from './curve-plot.ts';

type Result = SimulationReport['results'][number];

const STRIP = { height: 26, label: 190 };

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 800px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; } text { fill: currentColor; font-size: 12px; }
.axis { stroke: currentColor; opacity: .35; } .grid { stroke: currentColor; opacity: .12; }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }
`;

export function simulationPage(report: SimulationReport): string {
  const { file, results, pool, test, classes, seeds, batch, budget, embedder, leftOut, remarks } = report;
  const dropped = Object.entries({ ...leftOut })
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${count} ${why}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simulation of ${escaped(file)}</title><style>${STYLE}</style></head><body>
<h1>Simulation of ${escaped(file)}</h1>
<p>${pool} texts to ask about (each seed draws 80 % of them), ${test} to measure on, ${classes.length} labels, embedded by
${escaped(embedder)}. ${seeds} paired seeds, ${batch} labels a step, ${budget} at the end.
${dropped.length === 0 ? '' : `Rows left out: ${escaped(dropped.join(', '))}.`}</p>
${remarks.map((remark) => `<p><strong>${escaped(remark)}</strong></p>`).join('\n')}
<h2>Learning curves</h2>
<p>${results.map(key).join(' &emsp; ')}</p>
${curvePlot(results)}
<p>Accuracy in percent over labels given; the bands are 5 % and 95 % bootstrap bounds of the mean over seeds.</p>
<h2>Against random</h2>
${table(results)}
<h2>Labels saved, seed by seed</h2>
${strips(results)}
<p>How many percent fewer labels a strategy needed to reach what random reached with all of them; one dot per seed, the
line is the median. Differences in area are tested by paired Wilcoxon tests with Holm's adjustment.</p>
</body></html>
`;
}

function key(result: Result, i: number): string {
  return `<span class="key" style="background:${colour(result, i)}"></span>${escaped(result.strategy)}`;
}

function table(results: readonly Result[]): string {
  const head = ['strategy', 'first batch', 'end', 'area', 'gain', 'wins', 'labels saved', 'p (Holm)'];
  const lines = results.map(({ strategy, start, end, aubc, againstRandom: gain }) => {
    const figures =
      gain === null
        ? ['', '', '', '']
        : [
            `${gain.aubc.toFixed(1)} [${gain.interval.low.toFixed(1)}, ${gain.interval.high.toFixed(1)}]`,
            `${gain.wins} of ${gain.labelsSavedPerSeed.length}`,
            `${gain.labelsSaved.toFixed(0)} % [${gain.labelsSavedInterval.low.toFixed(0)}, ${gain.labelsSavedInterval.high.toFixed(0)}]`,
            gain.holmP.toPrecision(2),
          ];
    return [escaped(strategy), start.toFixed(1), end.toFixed(1), aubc.toFixed(1), ...figures];
  });
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((text) => `<${tag}>${text}</${tag}>`).join('')}</tr>`;
  return `<table>${row(head, 'th')}${lines.map((cells) => row(cells, 'td')).join('')}</table>`;
}

function strips(results: readonly Result[]): string {
  const x = { left: STRIP.label, right: PLOT.width - PLOT.right };
  const of = (percent: number): string => (x.left + (percent / 100) * (x.right - x.left)).toFixed(1);
  const shown = [...results.entries()].filter(([, result]) => result.againstRandom !== null);
  const height = shown.length * STRIP.height + 24;
  const lines = shown.map(([i, result], place) => {
    const middle = place * STRIP.height + STRIP.height / 2;
    const { labelsSavedPerSeed, labelsSavedMedian } = result.againstRandom!;
    const dots = labelsSavedPerSeed.map(
      (saved) => `<circle cx="${of(saved)}" cy="${middle}" r="4" fill="${colour(result, i)}" opacity=".5"/>`,
    );
    return `<text x="0" y="${middle}" dominant-baseline="middle">${escaped(result.strategy)}</text>
<line class="grid" x1="${x.left}" x2="${x.right}" y1="${middle}" y2="${middle}"/>${dots.join('')}
<line stroke="${colour(result, i)}" stroke-width="3" x1="${of(labelsSavedMedian)}" x2="${of(labelsSavedMedian)}" y1="${middle - 9}" y2="${middle + 9}"/>`;
  });
  const ticks = [0, 25, 50, 75, 100].map(
    (percent) => `<text x="${of(percent)}" y="${height - 4}" text-anchor="middle">${percent} %</text>`,
  );
  return `<svg viewBox="0 0 ${PLOT.width} ${height}" role="img" aria-label="Labels saved per seed">${lines.join('\n')}${ticks.join('')}</svg>`;
}
