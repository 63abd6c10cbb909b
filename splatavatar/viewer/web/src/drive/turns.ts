// Rotation matrices (3, 3) by rows; `rotations.py` defines them.
import { fromQuaternion } from '../signal/rotation';

export type Matrix = number[];

export function determinant([a, b, c, d, e, f, g, h, i]: Matrix): number {
  return a! * (e! * i! - f! * h!) - b! * (d! * i! - f! * g!) + c! * (d! * h! - e! * g!);
}

/** The rotation nearest to a matrix with a determinant above zero: its polar factor, by Newton's iteration. */
export function nearestRotation(matrix: Matrix): Matrix {
  // Of one size before the first step: then it converges in a few.
  const size = Math.cbrt(determinant(matrix));
  let r = matrix.map((value) => value / size);
  for (let n = 0; n < 50; n++) {
    const other = inverseTransposed(r);
    const next = r.map((value, i) => (value + other[i]!) / 2);
    const moved = Math.max(...next.map((value, i) => Math.abs(value - r[i]!)));
    r = next;
    if (moved < 1e-14) break;
  }
  return r;
}

function inverseTransposed([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  const cofactors = [
    e! * i! - f! * h!,
    f! * g! - d! * i!,
    d! * h! - e! * g!,
    c! * h! - b! * i!,
    a! * i! - c! * g!,
    b! * g! - a! * h!,
    b! * f! - c! * e!,
    c! * d! - a! * f!,
    a! * e! - b! * d!,
  ];
  const size = a! * cofactors[0]! + b! * cofactors[1]! + c! * cofactors[2]!;
  return cofactors.map((value) => value / size);
}

/** (3) axis-angle of a rotation matrix, radians, at most half a turn. */
export function axisAngleOfMatrix(r: Matrix): [number, number, number] {
  const at = (row: number, column: number) => r[3 * row + column]!;
  const trace = at(0, 0) + at(1, 1) + at(2, 2);
  // Rows of 4 q q^T: the one with the largest diagonal element is without cancellation.
  const diagonal = [1 + trace, ...[0, 1, 2].map((i) => 1 + 2 * at(i, i) - trace)];
  const largest = diagonal.indexOf(Math.max(...diagonal));
  const sums = (i: number, j: number) => at(i, j) + at(j, i);
  const twists = [at(2, 1) - at(1, 2), at(0, 2) - at(2, 0), at(1, 0) - at(0, 1)];
  const row =
    largest === 0
      ? [diagonal[0]!, ...twists]
      : [
          twists[largest - 1]!,
          ...[0, 1, 2].map((i) => (i === largest - 1 ? diagonal[largest]! : sums(largest - 1, i))),
        ];
  const length = Math.hypot(...row);
  return fromQuaternion(row.map((value) => value / length) as [number, number, number, number]);
}

/** The matrix of an axis-angle vector (3) in radians, by Rodrigues' formula. */
export function matrixOf(vector: ArrayLike<number>): Matrix {
  const [x, y, z] = [vector[0]!, vector[1]!, vector[2]!];
  const angle = Math.hypot(x, y, z);
  const s = angle < 1e-9 ? 1 : Math.sin(angle) / angle;
  const c = angle < 1e-9 ? 0.5 : 2 * (Math.sin(angle / 2) / angle) ** 2;
  return [
    1 - c * (y * y + z * z),
    c * x * y - s * z,
    c * x * z + s * y,
    c * x * y + s * z,
    1 - c * (x * x + z * z),
    c * y * z - s * x,
    c * x * z - s * y,
    c * y * z + s * x,
    1 - c * (x * x + y * y),
  ];
}

/** a^T b. */
export function transposedProduct(a: Matrix, b: Matrix): Matrix {
  return Array.from({ length: 9 }, (_, n) => {
    const [i, j] = [Math.floor(n / 3), n % 3];
    return a[i]! * b[j]! + a[3 + i]! * b[3 + j]! + a[6 + i]! * b[6 + j]!;
  });
}
