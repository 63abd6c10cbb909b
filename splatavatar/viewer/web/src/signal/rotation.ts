// The few rotations that signals need; `drive/rotation.py` defines them.

/** (3) axis-angle of R_y(yaw) R_x(pitch) R_z(roll), radians. */
export function axisAngle(yaw: number, pitch: number, roll: number): [number, number, number] {
  const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
  const [cr, sr] = [Math.cos(roll / 2), Math.sin(roll / 2)];
  return fromQuaternion([
    cy * cp * cr + sy * sp * sr,
    cy * sp * cr + sy * cp * sr,
    sy * cp * cr - cy * sp * sr,
    cy * cp * sr - sy * sp * cr,
  ]);
}

/** (3) axis-angle of the rotation of a quaternion wxyz, the short way round. */
export function fromQuaternion([w, x, y, z]: [number, number, number, number]): [number, number, number] {
  const sign = w < 0 ? -1 : 1;
  const length = Math.hypot(x, y, z);
  const angle = 2 * Math.atan2(length, Math.abs(w));
  const scale = sign * (length > 1e-12 ? angle / Math.max(length, 1e-12) : 2);
  return [x * scale, y * scale, z * scale];
}
