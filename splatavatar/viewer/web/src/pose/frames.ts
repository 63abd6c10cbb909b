// The frame of a triangle, as `gaussians/binding.py` defines it.

/** Writes axes and size of the triangle of the vertices at `i`, `j`, `k` (places in `vertices`) to `out`: nine numbers,
 * an axis in each row of three, then the size in metres. */
export function triangleFrame(vertices: Float32Array, i: number, j: number, k: number, out: Float64Array): void {
  let ex = vertices[j]! - vertices[i]!;
  let ey = vertices[j + 1]! - vertices[i + 1]!;
  let ez = vertices[j + 2]! - vertices[i + 2]!;
  const dx = vertices[k]! - vertices[i]!;
  const dy = vertices[k + 1]! - vertices[i + 1]!;
  const dz = vertices[k + 2]! - vertices[i + 2]!;
  let nx = ey * dz - ez * dy;
  let ny = ez * dx - ex * dz;
  let nz = ex * dy - ey * dx;
  const length = Math.sqrt(ex * ex + ey * ey + ez * ez);
  const l = 1 / Math.max(length, 1e-12);
  const a = 1 / Math.max(Math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12);
  ex *= l;
  ey *= l;
  ez *= l;
  nx *= a;
  ny *= a;
  nz *= a;
  const bx = ey * nz - ez * ny;
  const by = ez * nx - ex * nz;
  const bz = ex * ny - ey * nx;
  out[0] = ex;
  out[1] = ey;
  out[2] = ez;
  out[3] = nx;
  out[4] = ny;
  out[5] = nz;
  out[6] = bx;
  out[7] = by;
  out[8] = bz;
  out[9] = 0.5 * (length + Math.abs(bx * dx + by * dy + bz * dz));
}
