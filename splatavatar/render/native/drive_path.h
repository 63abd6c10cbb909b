// One call from rig parameters to pixels: pose -> triangle frames -> Gaussians -> sort and bin -> blend. Nothing is allocated
// once the largest scene has been seen. One thread at a time.
#pragma once
#include <cstdint>
#include <vector>

#include "binning.h"
#include "raster.h"
#include "rig_pose.h"

namespace splatavatar {

struct DriveArrays {  // as in Avatar; borrowed during construction only
  int n, faces, k;
  const int32_t *face, *triangles;
  const float *barycentric, *position, *rotation, *scale, *opacity, *colour, *sh;
  const float *corrective_position, *corrective_colour, *corrective_weights, *corrective_bias;
};

enum DriveStage { kStageRig, kStageFrames, kStageGaussians, kStageSort, kStageBlend, kStages };

class DrivePath {
 public:
  DrivePath(RigPose rig, const DriveArrays& arrays);
  void render(const float* expression, const float* rotations, const float* translation, const View& view, const ByteImage& image);
  const double* milliseconds() const { return milliseconds_; }
  const RigPose& rig() const { return rig_; }
  int visible() const { return binner_.visible(); }
  uint32_t pairs() const { return pairs_; }

 private:
  RigPose rig_;
  int n_, k_;
  std::vector<int32_t> triangles_, face_;
  std::vector<float> vertices_, frames_, fields_, weights_, bias_, steps_, psi_;
  std::vector<int8_t> corrective_;
  std::vector<Splat> splats_;
  std::vector<uint32_t> keys_;
  Binner binner_;
  uint32_t pairs_ = 0;
  double milliseconds_[kStages] = {};
};

}  // namespace splatavatar
