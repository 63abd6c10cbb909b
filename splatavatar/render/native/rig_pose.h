// Native twin of rig/skinning.py: blendshapes, forward kinematics and linear blend skinning. One thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace splatavatar {

class RigPose {
 public:
  // pose_basis (9 (J - 1), V, 3), or null where turns of joints change no shape; joint_basis (E, J, 3), or null where
  // expressions move no joint.
  // skin_joints, skin_weights (V, influences).
  RigPose(int vertices, const float* neutral, int expressions, const float* basis, int joints, const float* rest,
          const int32_t* parents, int influences, const int32_t* skin_joints, const float* skin_weights, const float* pose_basis,
          const float* joint_basis);
  // expression (E), rotations (J, 3) axis-angle, translation (3) -> out (V, 3).
  void pose(const float* expression, const float* rotations, const float* translation, float* out);
  int vertices() const { return (int)(neutral_.size() / 3); }
  int expressions() const { return expressions_; }
  int joints() const { return (int)parents_.size(); }

 private:
  void add_rows(const float* basis, int rows);
  void add_shape(size_t row, float weight);

  int expressions_, influences_;
  std::vector<float> neutral_, neutral_joints_, joint_basis_, rest_, weights_, deltas_, shaped_, world_, skin_;
  std::vector<int32_t> parents_, skin_joints_, moved_;
  // Row r moves moved_[starts_[r] .. starts_[r + 1]) by the deltas_ of the same index: expressions, then entries of R - I.
  std::vector<size_t> starts_;
};

}  // namespace splatavatar
