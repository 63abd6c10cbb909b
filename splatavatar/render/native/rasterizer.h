// One picture at a time: projection, binning, blending, and back. Keeps what the backward pass needs of the last forward pass;
// of one that threw it keeps nothing. One thread at a time (module.cpp sees to that).
#pragma once
#include <cstdint>
#include <vector>

#include "binning.h"
#include "raster.h"

namespace splatavatar {

View make_view(const double* T_camera_world, const double* K, int width, int height);

class Rasterizer {
 public:
  enum class Kind { kNone, kWorld, kBound };
  // planes: (4, H, W) out.
  void forward(const WorldGaussians& gaussians, const View& view, float* planes);
  void forward(const BoundModel& model, const View& view, float* planes);
  // planes as the forward pass returned them, gradient (4, H, W); check_forward() first.
  void backward(const WorldGaussians& gaussians, const float* planes, const float* gradient, WorldGradients out, double* g_camera);
  void backward(const BoundModel& model, const float* planes, const float* gradient, BoundGradients out);
  // Throws std::invalid_argument unless the last forward pass came to its end and was one of n Gaussians of this kind.
  void check_forward(Kind kind, int n) const;
  // Of the last forward pass.
  int width() const { return view_.width; }
  int height() const { return view_.height; }
  int visible() const { return binner_.visible(); }
  uint32_t pairs() const { return pairs_count_; }

 private:
  template <class Project>
  void run(Kind kind, int n, const View& view, float* planes, Project&& project);
  void blend_backward(const float* planes, const float* gradient);
  std::vector<Splat> splats_;
  std::vector<uint32_t> keys_;
  std::vector<float> pairs_, camera_;
  Binner binner_;
  View view_{};
  uint32_t pairs_count_ = 0;
  Kind kind_ = Kind::kNone;  // of the last forward pass that came to its end
  int gaussians_ = 0;
};

// (F, kFrame) of every triangle.
void frames_forward(const float* vertices, const int32_t* triangles, int count, float* frames);
// Adds to g_vertices (V, 3) the gradient through the frames; per_gaussian (N, 13) from BoundGradients::frame.
void frames_backward(const float* vertices, const int32_t* triangles, int count, const int32_t* face, const float* barycentric,
                     int n, const float* per_gaussian, float* scratch, float* g_vertices);

void photometric(Photometric& p, double loss[3]);

}  // namespace splatavatar
