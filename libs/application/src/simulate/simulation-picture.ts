import type { EChartsCoreOption } from 'echarts/core';
import type { DueCounts } from '@consent-ledger/consent';
import type { SimulationAnswer } from './simulation-answer.js';

/** Of Okabe and Ito: apart from each other to every kind of colour vision, and in grey by their lightness. */
const series: readonly { readonly name: string; readonly colour: string; readonly of: (due: DueCounts) => number }[] = [
  { name: 'Prompts', colour: '#56B4E9', of: ({ prompts }) => prompts },
  { name: 'Lapses', colour: '#D55E00', of: ({ lapses }) => Object.values(lapses).reduce((sum, each) => sum + each, 0) },
  { name: 'Erasures', colour: '#1B2A41', of: ({ erasures }) => erasures },
];

const INK = '#222';
const FAINT = '#555';
/** Without quotation marks: the library writes the font into an attribute as it stands. */
const FONT = 'Helvetica, Arial, sans-serif';

/** The prompts, lapses (per purpose) and erasures of each month as stacked bars: an SVG of 1200 by 500. */
export async function drawSimulation(answer: SimulationAnswer): Promise<string> {
  // Loaded only when a picture is asked for: it takes longer than everything else of a start.
  const [{ init, use }, { BarChart }, { GridComponent, LegendComponent, TitleComponent }, { SVGRenderer }] =
    await Promise.all([
      import('echarts/core'),
      import('echarts/charts'),
      import('echarts/components'),
      import('echarts/renderers'),
    ]);
  use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 1200, height: 500 });
  try {
    chart.setOption(optionsFor(answer));
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function optionsFor(answer: SimulationAnswer): EChartsCoreOption {
  const bars = barsOf(answer);
  return {
    animation: false,
    backgroundColor: '#fff',
    textStyle: { fontFamily: FONT },
    title: {
      text: 'What falls due, month by month',
      subtext: subtitleOf(answer),
      left: 24,
      top: 16,
      textStyle: { fontSize: 20, color: INK, fontWeight: 600 },
      subtextStyle: { fontSize: 13, color: FAINT },
    },
    legend: {
      selectedMode: false,
      right: 24,
      top: 22,
      itemWidth: 14,
      itemHeight: 14,
      textStyle: { fontSize: 14, color: INK },
    },
    grid: { left: 72, right: 24, top: 100, bottom: 64 },
    xAxis: {
      type: 'category',
      data: bars.map(({ label }) => label),
      axisLabel: { fontSize: 12, color: INK, rotate: bars.length > 14 ? 45 : 0, interval: 0 },
      axisTick: { alignWithLabel: true },
      axisLine: { lineStyle: { color: FAINT } },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      axisLabel: { fontSize: 12, color: INK, formatter: (value: number) => value.toLocaleString('en') },
      splitLine: { lineStyle: { color: '#ddd' } },
    },
    series: series.map(({ name, colour, of }) => ({
      name,
      type: 'bar',
      stack: 'due',
      silent: true,
      barCategoryGap: '25%',
      itemStyle: { color: colour, borderColor: '#fff', borderWidth: 0.5 },
      data: bars.map(({ due }) => of(due)),
    })),
  };
}

/** A bar a month, and one before them where something is overdue. */
function barsOf({ overdue, months }: SimulationAnswer): { readonly label: string; readonly due: DueCounts }[] {
  const bars = months.map(({ month, ...due }) => ({ label: month, due }));
  return series.some(({ of }) => of(overdue) > 0) ? [{ label: 'overdue', due: overdue }, ...bars] : bars;
}

function subtitleOf({ at, contacts, policy, supposed }: SimulationAnswer): string {
  const under = supposed
    ? `if ${supposed.id} version ${supposed.version} were in force from ${supposed.from.slice(0, 10)}`
    : `under ${policy.id} version ${policy.version}`;
  const number = contacts === 1 ? '1 contact' : `${contacts.toLocaleString('en')} contacts`;
  return `${number} as of ${at.slice(0, 10)}, ${under}, if nothing happens but what time brings`;
}
