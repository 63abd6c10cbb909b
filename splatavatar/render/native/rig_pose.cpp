#include "rig_pose.h"

#include <cmath>
#include <cstring>

#include "thread_pool.h"

namespace splatavatar {

RigPose::RigPose(int vertices, const float* neutral, int expressions, const float* basis, int joints, const float* rest,
                 const int32_t* parents, int influences, const int32_t* skin_joints, const float* skin_weights, const float* pose_basis,
                 const float* joint_basis)
    : expressions_(expressions), influences_(influences), neutral_(neutral, neutral + 3 * (size_t)vertices), neutral_joints_(rest, rest + 3 * joints),
      joint_basis_(joint_basis ? std::vector<float>(joint_basis, joint_basis + 3 * (size_t)expressions * joints) : std::vector<float>()), rest_(neutral_joints_),
      weights_(skin_weights, skin_weights + influences * (size_t)vertices), shaped_(3 * (size_t)vertices), world_(12 * joints), skin_(12 * joints), parents_(parents, parents + joints),
      skin_joints_(skin_joints, skin_joints + influences * (size_t)vertices) {
  starts_.push_back(0);
  add_rows(basis, expressions);
  if (pose_basis) add_rows(pose_basis, 9 * (joints - 1));
}

void RigPose::add_rows(const float* basis, int rows) {
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < vertices(); v++) {
      const float* d = basis + ((size_t)r * vertices() + v) * 3;
      if (d[0] == 0.f && d[1] == 0.f && d[2] == 0.f) continue;
      moved_.push_back(v);
      deltas_.insert(deltas_.end(), d, d + 3);
    }
    starts_.push_back(moved_.size());
  }
}

void RigPose::add_shape(size_t row, float weight) {
  if (weight == 0.f) return;
  for (size_t i = starts_[row]; i < starts_[row + 1]; i++)
    for (int c = 0; c < 3; c++) shaped_[3 * moved_[i] + c] += weight * deltas_[3 * i + c];
}

void RigPose::pose(const float* expression, const float* rotations, const float* translation, float* out) {
  const int joints = this->joints();
  const bool corrected = (int)starts_.size() - 1 > expressions_;
  std::memcpy(shaped_.data(), neutral_.data(), neutral_.size() * sizeof(float));
  rest_ = neutral_joints_;
  for (int e = 0; e < expressions_; e++) {
    add_shape(e, expression[e]);
    if (joint_basis_.empty() || expression[e] == 0.f) continue;
    for (int i = 0; i < 3 * joints; i++) rest_[i] += expression[e] * joint_basis_[3 * (size_t)joints * e + i];
  }
  for (int j = 0; j < joints; j++) {
    const float* r = rotations + 3 * j;
    double x = r[0], y = r[1], z = r[2], angle = std::sqrt(x * x + y * y + z * z);
    // sin(a)/a and (1 - cos a)/a^2, by their series near zero.
    double s = angle > 1e-4 ? std::sin(angle) / angle : 1 - angle * angle / 6;
    double c = angle > 1e-4 ? (1 - std::cos(angle)) / (angle * angle) : .5 - angle * angle / 24;
    double R[9] = {1 - c * (y * y + z * z), c * x * y - s * z, c * x * z + s * y, c * x * y + s * z, 1 - c * (x * x + z * z),
                   c * y * z - s * x,       c * x * z - s * y, c * y * z + s * x, 1 - c * (x * x + y * y)};
    if (corrected && j > 0)
      for (int i = 0; i < 9; i++) add_shape(expressions_ + 9 * (size_t)(j - 1) + i, (float)(R[i] - (i % 4 ? 0. : 1.)));
    float* w = world_.data() + 12 * j;
    int p = parents_[j];
    double offset[3];
    for (int i = 0; i < 3; i++) offset[i] = rest_[3 * j + i] - (p < 0 ? 0.f : rest_[3 * p + i]);
    for (int i = 0; i < 3; i++) {
      const double unit[3] = {i == 0 ? 1. : 0., i == 1 ? 1. : 0., i == 2 ? 1. : 0.};
      double row[3], t = p < 0 ? 0 : world_[12 * p + 4 * i + 3];
      for (int k = 0; k < 3; k++) row[k] = p < 0 ? unit[k] : world_[12 * p + 4 * i + k];
      for (int k = 0; k < 3; k++) w[4 * i + k] = (float)(row[0] * R[k] + row[1] * R[3 + k] + row[2] * R[6 + k]);
      w[4 * i + 3] = (float)(t + row[0] * offset[0] + row[1] * offset[1] + row[2] * offset[2]);
    }
    float* m = skin_.data() + 12 * j;  // maps rest positions to the posed body
    for (int i = 0; i < 3; i++) {
      for (int k = 0; k < 3; k++) m[4 * i + k] = w[4 * i + k];
      m[4 * i + 3] = w[4 * i + 3] - (w[4 * i] * rest_[3 * j] + w[4 * i + 1] * rest_[3 * j + 1] + w[4 * i + 2] * rest_[3 * j + 2]) + translation[i];
    }
  }
  parallel_ranges(vertices(), 1024, [&](int begin, int end) {
    for (int v = begin; v < end; v++) {
      float blend[12] = {};
      for (size_t k = (size_t)influences_ * v; k < (size_t)influences_ * (v + 1); k++) {
        float weight = weights_[k];
        if (weight == 0.f) continue;
        const float* m = skin_.data() + 12 * skin_joints_[k];
        for (int i = 0; i < 12; i++) blend[i] += weight * m[i];
      }
      const float* x = shaped_.data() + 3 * v;
      for (int i = 0; i < 3; i++) out[3 * v + i] = blend[4 * i] * x[0] + blend[4 * i + 1] * x[1] + blend[4 * i + 2] * x[2] + blend[4 * i + 3];
    }
  });
}

}  // namespace splatavatar
