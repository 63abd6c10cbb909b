#include "drive_path.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "thread_pool.h"

namespace splatavatar {
namespace {
constexpr int kBlock = 16;
constexpr float kPsiLimit = 3.f;  // gaussians.PSI_LIMIT
}

DrivePath::DrivePath(RigPose rig, const DriveArrays& a)
    : rig_(std::move(rig)), n_(a.n), k_(a.k), triangles_(a.triangles, a.triangles + 3 * a.faces), vertices_(3 * rig_.vertices()),
      frames_((size_t)a.faces * kFrame), psi_(2 * a.k), splats_(a.n), keys_(a.n) {
  const int blocks = (n_ + kBlock - 1) / kBlock, inputs = rig_.expressions() + 3 * rig_.joints();
  weights_.assign(a.corrective_weights, a.corrective_weights + (size_t)k_ * inputs);
  bias_.assign(a.corrective_bias, a.corrective_bias + k_);
  face_.assign((size_t)blocks * kBlock, 0);
  fields_.assign((size_t)blocks * kPlayFields * kBlock, 0.f);
  corrective_.assign((size_t)blocks * k_ * 6 * kBlock, 0);
  steps_.assign(2 * k_, 0.f);
  for (int k = 0; k < k_; k++)
    for (int part = 0; part < 2; part++) {
      const float* values = (part ? a.corrective_colour : a.corrective_position) + (size_t)k * n_ * 3;
      float largest = 0.f;
      for (int i = 0; i < 3 * n_; i++) largest = std::max(largest, std::fabs(values[i]));
      steps_[2 * k + part] = largest / 127.f;
    }
  for (int i = 0; i < n_; i++) {
    const int block = i / kBlock, lane = i % kBlock;
    float* out = fields_.data() + (size_t)block * kPlayFields * kBlock + lane;
    auto put = [&](int field, float x) { out[field * kBlock] = x; };
    const float *q = a.rotation + 4 * i, inverse = 1.f / std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    face_[i] = a.face[i];
    put(kBary1, a.barycentric[3 * i + 1]), put(kBary2, a.barycentric[3 * i + 2]);
    for (int c = 0; c < 3; c++) {
      put(kPosX + c, a.position[3 * i + c]), put(kScaleX + c, a.scale[3 * i + c]), put(kRed + c, a.colour[3 * i + c]);
    }
    for (int c = 0; c < 4; c++) put(kRotW + c, q[c] * inverse);
    for (int c = 0; c < 9; c++) put(kSh + c, a.sh[9 * i + c]);
    float opacity = std::max(a.opacity[i], 1e-12f);
    put(kOpacity, a.opacity[i]), put(kPeak, std::log2(opacity)), put(kTau, 2.f * std::log(255.f * opacity));
    for (int part = 0; part < 2; part++) {
      // As the file does: one step for all would leave those that move little with a few levels.
      const float* values = (part ? a.corrective_colour : a.corrective_position) + 3 * (size_t)i;
      float share = 0.f;
      for (int k = 0; k < k_; k++)
        for (int c = 0; c < 3; c++)
          if (steps_[2 * k + part] > 0) share = std::max(share, std::fabs(values[(size_t)k * n_ * 3 + c]) / (127.f * steps_[2 * k + part]));
      put(part ? kColourShare : kPositionShare, share);
      for (int k = 0; k < k_; k++)
        for (int c = 0; c < 3; c++) {
          const float x = values[(size_t)k * n_ * 3 + c], step = steps_[2 * k + part] * share;
          const float bytes = step > 0 ? std::clamp(x / step, -127.f, 127.f) : 0.f;
          corrective_[(((size_t)block * k_ + k) * 6 + 3 * part + c) * kBlock + lane] = (int8_t)std::lround(bytes);
        }
    }
  }
}

void DrivePath::render(const float* expression, const float* rotations, const float* translation, const View& view,
                       const ByteImage& image) {
  using Clock = std::chrono::steady_clock;
  auto last = Clock::now();
  auto lap = [&](DriveStage stage) {
    auto now = Clock::now();
    milliseconds_[stage] = std::chrono::duration<double, std::milli>(now - last).count();
    last = now;
  };
  const Kernels& kernel = kernels();
  rig_.pose(expression, rotations, translation, vertices_.data());
  const int e = rig_.expressions(), inputs = e + 3 * rig_.joints();
  for (int k = 0; k < k_; k++) {
    float psi = bias_[k];
    const float* w = weights_.data() + (size_t)k * inputs;
    for (int i = 0; i < e; i++) psi += w[i] * expression[i];
    for (int i = e; i < inputs; i++) psi += w[i] * rotations[i - e];
    psi = std::clamp(psi, -kPsiLimit, kPsiLimit);
    psi_[2 * k] = psi * steps_[2 * k], psi_[2 * k + 1] = psi * steps_[2 * k + 1];
  }
  lap(kStageRig);
  const int faces = (int)(triangles_.size() / 3);
  parallel_ranges(faces, 1024, [&](int begin, int end) {
    kernel.triangle_frames(vertices_.data(), triangles_.data(), begin, end, frames_.data());
  });
  lap(kStageFrames);
  PlayModel model{n_, (n_ + kBlock - 1) / kBlock, k_, fields_.data(), face_.data(), corrective_.data(), psi_.data(), frames_.data()};
  parallel_ranges(model.blocks, 64, [&](int begin, int end) {
    for (int b = begin; b < end; b++) kernel.project_play(model, view, b, splats_.data(), keys_.data());
  });
  lap(kStageGaussians);
  pairs_ = binner_.bin(splats_.data(), keys_.data(), n_, view, false);
  lap(kStageSort);
  parallel_for(view.tiles_x * view.tiles_y, [&](int tile, int) { kernel.blend_bytes(splats_.data(), binner_.bins(), view, tile, image); });
  lap(kStageBlend);
}

}  // namespace splatavatar
