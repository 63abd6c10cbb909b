// What pictures cost at each level of detail, as a table and as a short code to report.
import { LEVELS } from '../detail/levels';
import { STAGES, type Stages } from '../splats/stage';
import { element } from '../ui/dom';

const COLUMNS = [...STAGES, 'frame'] as const;

/** Samples of milliseconds: of each stage of a picture, and of whole pictures. */
export class Measured {
  private readonly samples = LEVELS.map(() => COLUMNS.map(() => [] as number[]));

  add(level: number, found: Partial<Stages> & { frame?: number }): void {
    COLUMNS.forEach((column, i) => {
      const value = found[column];
      if (value !== undefined) this.samples[level]![i]!.push(value);
    });
  }

  /** Of each level, pictures and the median of each column; levels without pictures are left out. */
  rows(): { level: number; pictures: number; medians: number[] }[] {
    return this.samples.flatMap((columns, level) => {
      const pictures = columns.at(-1)!.length;
      return pictures ? [{ level, pictures, medians: columns.map(median) }] : [];
    });
  }
}

/** The code of a report: `1`, where it was measured (h a headset, p a page), then of each level its number and, after it,
 * the medians of pose, depth, sort, upload, draw and frame in hundredths of a millisecond; all in base 36. */
export function code(measured: Measured, where: 'headset' | 'page'): string {
  const levels = measured
    .rows()
    .map(({ level, medians }) =>
      [level, ...medians.map((x) => Math.round(100 * x))].map((x) => x.toString(36)).join('.'),
    );
  return [`1${where[0]}`, ...levels].join('-');
}

/** The numbers of a code, or null where it is none. */
export function decode(text: string): { where: string; levels: number[][] } | null {
  if (!/^1[hp](-[0-9a-z]+(\.[0-9a-z]+){6})+$/.test(text)) return null;
  const [head, ...levels] = text.split('-');
  return {
    where: head![1] === 'h' ? 'headset' : 'page',
    levels: levels.map((part) => part.split('.').map((x, i) => Number.parseInt(x, 36) / (i ? 100 : 1))),
  };
}

/** Shows a report on the page; `dataset.selfcheck` has its code. */
export function showReport(measured: Measured, where: 'headset' | 'page'): void {
  const text = code(measured, where);
  const cells = (tag: 'th' | 'td', values: string[]) => element('tr', {}, ...values.map((x) => element(tag, {}, x)));
  const rows = measured.rows().map(({ level, pictures, medians }) => {
    const { splats } = LEVELS[level]!;
    const name = Number.isFinite(splats) ? splats.toLocaleString('en') : 'all';
    return cells('td', [name, String(pictures), ...medians.map((x) => x.toFixed(2))]);
  });
  document.querySelector('.selfcheck')?.remove();
  document.body.append(
    element(
      'section',
      { class: 'selfcheck', 'aria-label': 'Self-check' },
      element('h2', {}, where === 'headset' ? 'Measured in the headset' : 'Measured on this page'),
      element('table', {}, cells('th', ['splats', 'pictures', ...COLUMNS.map((name) => `${name}, ms`)]), ...rows),
      element('p', {}, 'Report this code: ', element('code', {}, text)),
    ),
  );
  document.documentElement.dataset.selfcheck = text;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
