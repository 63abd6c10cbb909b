/** Quads of an instance: an instance of one costs software renderers a draw call each. */
export const QUADS = 256;

/** Makes quads the vertices of all that is drawn: attribute 0 has x and y of a corner, and which quad it is. */
export function bindQuads(gl: WebGL2RenderingContext): void {
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, corners(), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 3, gl.FLOAT, false, 0, 0);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles(), gl.STATIC_DRAW);
}

/** Draws one quad over the whole picture. */
export function drawWhole(gl: WebGL2RenderingContext): void {
  gl.drawElements(gl.TRIANGLES, 6, gl.UNSIGNED_SHORT, 0);
}

/** (QUADS, 4, 3) corners of quads, and which one it is. */
function corners(): Float32Array {
  const out = new Float32Array(12 * QUADS);
  for (let vertex = 0; vertex < 4 * QUADS; vertex++)
    out.set([vertex & 1 ? 1 : -1, vertex & 2 ? 1 : -1, vertex >> 2], 3 * vertex);
  return out;
}

function triangles(): Uint16Array {
  return Uint16Array.from({ length: 6 * QUADS }, (_, i) => 4 * Math.floor(i / 6) + [0, 1, 2, 2, 1, 3][i % 6]!);
}
