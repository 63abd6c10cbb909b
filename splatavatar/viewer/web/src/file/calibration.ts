// What an avatar has learnt of a face; `avatar/calibration.py` defines it, `signal/limit` uses it.
import { CALIBRATION_VERSION, NAMES, TOGETHER } from '../tables';
import { defect, isTable } from './container';

export interface Calibration {
  /** (52) each */
  low: Float64Array;
  high: Float64Array;
  deviation: Float64Array;
  /** (37) */
  mean: Float64Array;
  /** (C, 37) */
  components: Float64Array;
  /** (C) */
  componentDeviation: Float64Array;
  residual: number;
  reach: number;
}

/** The calibration of a file that nobody vouches for. Throws a PageError unless it is one in every number. */
export function readCalibration(value: unknown): Calibration {
  if (!isTable(value)) defect('its calibration is not a table');
  if (value.version !== CALIBRATION_VERSION) defect(`its calibration has another version than ${CALIBRATION_VERSION}`);
  const modelled = TOGETHER.length;
  const rows = Array.isArray(value.components) ? value.components.length : 0;
  if (rows > modelled) defect(`its calibration has ${rows} components, expected up to ${modelled}`);
  const read = (name: string, shape: number[], low: number, high: number) =>
    numbers(value[name], name, shape, low, high);
  const count = NAMES.length;
  const calibration: Calibration = {
    low: read('low', [count], 0, 1),
    high: read('high', [count], 0, 1),
    deviation: read('deviation', [count], 1e-3, 10),
    mean: read('mean', [modelled], 0, 1),
    components: read('components', [rows, modelled], -1.001, 1.001),
    componentDeviation: read('component_deviation', [rows], 1e-3, 10),
    residual: read('residual', [], 1e-3, 10)[0]!,
    reach: read('reach', [], 0, 1e4)[0]!,
  };
  if (calibration.low.some((low, i) => low > calibration.high[i]!))
    defect('a range of its calibration ends before it begins');
  if (calibration.componentDeviation.some((deviation) => deviation < calibration.residual))
    defect('a component of its calibration deviates less than the residual');
  return calibration;
}

function numbers(value: unknown, name: string, shape: number[], low: number, high: number): Float64Array {
  const out: number[] = [];
  const visit = (item: unknown, depth: number): boolean => {
    if (depth === shape.length) {
      if (typeof item !== 'number') return false;
      out.push(item);
      return true;
    }
    return Array.isArray(item) && item.length === shape[depth] && item.every((inner) => visit(inner, depth + 1));
  };
  if (!visit(value, 0)) defect(`${name} of its calibration is not ${shape.join(' x ') || 'a number'}`);
  if (!out.every((number) => number >= low && number <= high))
    defect(`${name} of its calibration holds a number outside ${low} to ${high}`);
  return Float64Array.from(out);
}
