/** A set's learning curves as an SVG file of its own, for the page of benchmarks. */
import { colour, curvePlot, escaped } from '../../src/cli/curve-plot.ts';
import type { Summary } from '../../src/sampling/simulation/index.ts';

const STYLE =
  'svg{background:#fff}text{font:12px system-ui,sans-serif;fill:#222}.axis{stroke:#222;opacity:.35}.grid{stroke:#222;opacity:.12}';

export function standalonePlot(title: string, results: readonly Summary[]): string {
  const key = results.map((result, i) => {
    const y = 250 + 18 * i;
    return `<rect x="560" y="${y - 9}" width="10" height="10" fill="${colour(result, i)}"/><text x="576" y="${y}">${escaped(result.strategy)}</text>`;
  });
  return curvePlot(results)
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('>', `><style>${STYLE}</style><text x="60" y="24">${escaped(title)}: accuracy, %</text>${key.join('')}`);
}
