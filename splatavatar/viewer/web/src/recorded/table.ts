// Tables as text; `drive/sources/recorded/csv_table.py` defines them.
import { PageError } from '../errors';
import { COLUMNS } from '../tables';
import { parseNumber } from './numbers';

const SEPARATORS = [',', ';', '\t', '|'];
const LONGEST_CELL = 131072;

interface Row {
  line: number;
  cells: string[];
}

/** The names of the columns as they are written, and the rows. */
export class Table {
  readonly names: string[];
  readonly rows: Row[];
  private readonly separator: string;

  constructor(
    text: string,
    readonly source: string,
  ) {
    const lines = text.split(/\r\n|\r|\n/);
    this.separator = findSeparator(lines);
    const all = parse(lines, this.separator, source);
    const first = all[0];
    let header = first?.cells ?? [];
    let headerLine = first?.line ?? 0;
    if (first && parseNumber(comma(first.cells[0]!)) !== null) {
      const comment = this.commentBefore(lines, first.line);
      if (comment) {
        header = comment;
        headerLine = first.line - 1;
      }
    }
    this.names = header.slice();
    while (this.names.length && !this.names.at(-1)) this.names.pop();
    if (this.names.length > COLUMNS.MOST_COLUMNS)
      throw new PageError(`${source}: ${this.names.length} columns, expected a table of the coefficients of a face.`);
    const lower = this.names.map((name) => name.toLowerCase()).join('\n');
    this.rows = all.filter(({ line, cells }) => {
      if (line <= headerLine) return false;
      while (cells.length > this.names.length && !cells.at(-1)) cells.pop();
      return cells.map((cell) => cell.toLowerCase()).join('\n') !== lower;
    });
  }

  /** The numbers of some columns of a row that must have a value for every name. Throws a PageError. */
  numbers({ line, cells }: Row, columns: number[]): number[] {
    if (cells.length !== this.names.length)
      throw new PageError(`${this.source}: line ${line} has ${cells.length} values, expected ${this.names.length}.`);
    return columns.map((at) => {
      const cell = cells[at]!;
      const value = parseNumber(this.separator === ',' ? cell : comma(cell));
      if (value === null) throw new PageError(`${this.source}: line ${line} holds something that is not a number.`);
      return value;
    });
  }

  /** The names in a comment right above `line`, as numpy writes them. */
  private commentBefore(lines: string[], line: number): string[] | null {
    const above = lines.slice(0, line - 1).map((text) => text.trim());
    const found = above.filter(Boolean).at(-1) ?? '';
    if (!isComment(found)) return null;
    return parseLine(found.replace(/^[#/ ]+/, ''), this.separator).cells.map((cell) => cell.trim());
  }
}

/** A decimal comma as a point. */
export function comma(text: string): string {
  return text.replaceAll(',', '.');
}

function isComment(line: string): boolean {
  return line.startsWith('#') || line.startsWith('//');
}

function statedSeparator(line: string): string | null {
  return /^\s*"?sep=([,;|\t])"?[,;|\t]*\s*$/i.exec(line)?.[1] ?? null;
}

function findSeparator(lines: string[]): string {
  const stated = statedSeparator(lines[0] ?? '');
  if (stated) return stated;
  const header = lines.map((line) => line.trim()).find((line) => line && !isComment(line));
  if (header === undefined) return ',';
  const outside = header.replace(/"[^"]*"/g, '');
  const count = (separator: string) => outside.split(separator).length;
  return SEPARATORS.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

function parse(lines: string[], separator: string, source: string): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trimStart();
    if (!line || isComment(line) || (i === 0 && statedSeparator(lines[i]!))) continue;
    let text = lines[i]!;
    let parsed = parseLine(text, separator);
    // A quoted cell goes on in the next line.
    while (parsed.open && i + 1 < lines.length && text.length <= LONGEST_CELL) {
      text += `\n${lines[++i]}`;
      parsed = parseLine(text, separator);
    }
    if (parsed.cells.some((cell) => cell.length > LONGEST_CELL))
      throw new PageError(`${source}: damaged at line ${i + 1}, expected a table of the coefficients of a face.`);
    if (parsed.cells.some(Boolean)) rows.push({ line: i + 1, cells: parsed.cells.map((cell) => cell.trim()) });
  }
  return rows;
}

function parseLine(text: string, separator: string): { cells: string[]; open: boolean } {
  if (!text.includes('"')) return { cells: text.split(separator), open: false };
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  let fresh = true;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (character === separator) {
      cells.push(cell);
      cell = '';
      fresh = true;
    } else if (fresh && character === '"') {
      quoted = true;
      fresh = false;
    } else if (!(fresh && character === ' ')) {
      cell += character;
      fresh = false;
    }
  }
  cells.push(cell);
  return { cells, open: quoted };
}
