// Data that passes between the stages of the rasterizer, and the table of kernels that exist once per instruction set.
#pragma once
#include <cstdint>

namespace splatavatar {

constexpr int kTile = 16;                    // pixels; one row of a tile is one vector
constexpr float kDilation = 0.3f;            // pixels^2 added to the projected covariance (Zwicker et al. 2001; 3DGS)
constexpr float kMinAlpha = 1.f / 255.f;     // weaker contributions are skipped
constexpr float kMaxAlpha = 0.999f;          // keeps 1 - alpha away from zero in the backward pass
constexpr float kMinTransmittance = 1e-4f;   // a row of pixels below this is finished
constexpr float kNear = 0.01f;               // metres
constexpr uint32_t kCulled = 0xffffffffu;    // depth key of a Gaussian that touches no tile

struct View {
  float R[9], t[3];        // T_camera_world
  float fx, fy, cx, cy;    // pixels
  float eye[3];            // camera position in the world
  float clamp_x[2], clamp_y[2];  // limits of x/z and y/z in the Jacobian of the projection
  int width, height, tiles_x, tiles_y;
};

// One projected Gaussian. alpha(dx, dy) = exp2(peak + qxx dx^2 + qxy dx dy + qyy dy^2), conic [A B; B C] = inverse covariance.
struct alignas(64) Splat {
  float u, v;                // pixels
  float A, B, C;             // conic
  float opacity;
  float r, g, b;
  float depth;               // metres along the view axis
  float peak;                // log2(opacity)
  float tau;                 // 2 ln(255 opacity): Mahalanobis radius^2 at which alpha falls to 1/255
  uint16_t x0, x1, y0, y1;   // tiles [x0, x1) x [y0, y1)
  uint32_t slot;             // first of its tile-count entries in the buffer of per-tile gradients
  float reserved;
};
static_assert(sizeof(Splat) == 64);

constexpr int kSplatGradients = 10;  // u v A B C opacity r g b, and the sum of blending weights

// Gaussians in the world (activated values).
struct WorldGaussians {
  int n;
  const float *mean, *rotation, *scale, *opacity, *colour;
};
struct WorldGradients {
  float *mean, *rotation, *scale, *opacity, *colour;
  float* T_camera_world;  // per block of 16 Gaussians: 12 sums (R row-major, t); null when not wanted
};

// A posed triangle: R row-major (9), size k, corners v0 v1 v2 (9), padding.
constexpr int kFrame = 20;

// Gaussians bound to triangles, as the optimiser holds them (raw values).
struct BoundModel {
  int n;
  const int32_t* face;
  const float *barycentric, *position, *rotation, *log_scale, *logit, *colour, *sh;
  const float* frames;      // (F, kFrame)
};
struct BoundGradients {
  float *position, *rotation, *log_scale, *logit, *colour, *sh;
  float* frame;    // (N, 13): R, k, origin of the triangle, per Gaussian; null when not wanted
  float* motion;   // (N): length of the gradient of the projected position, in half widths of the picture
  float* weight;   // (N): sum of blending weights over the picture
};

// The same, prepared for playing: structure of arrays in blocks of 16, constants precomputed.
struct PlayModel {
  int n, blocks, correctives;
  const float* fields;        // (blocks, kPlayFields, 16)
  const int32_t* face;        // (blocks, 16)
  const int8_t* corrective;   // (blocks, K, 6, 16)
  const float* corrective_scale;  // (K, 2): psi times the step of a byte at share 1, for position and for colour
  const float* frames;            // (F, kFrame)
};
// The shares say how much of the largest correction a Gaussian reaches; its bytes are steps of that much.
enum PlayField { kBary1, kBary2, kPosX, kPosY, kPosZ, kRotW, kRotX, kRotY, kRotZ, kScaleX, kScaleY, kScaleZ, kOpacity,
                 kPeak, kTau, kRed, kGreen, kBlue, kPositionShare, kColourShare, kSh, kPlayFields = kSh + 9 };

struct Bins {
  const uint32_t* offsets;  // (tiles + 1)
  const uint32_t* list;     // indices into the splats, nearest first within a tile
};

struct FloatImage {  // planar: R, G, B, then transmittance
  float* planes;
  int width, height;
};

struct ByteImage {
  uint8_t* pixels;
  int width, height, channels;  // 3: over the background; 4: straight alpha
  float background[3];
};

// Loss between a render and a picture, both over the same background, inside a rectangle; outside of it both show the background.
struct Photometric {
  int width, height;         // of the planes
  int x0, y0, x1, y1;        // rectangle
  const float* image;        // (4, H, W) colour over black, transmittance
  const uint8_t* target;     // (H, W, 4) straight RGB and matte
  float background[3];
  float l1, dssim, matte;    // weights of mean |x - y|, mean (1 - SSIM), mean (alpha - matte)^2; means over W x H
  float* gradient;           // (4, H, W) out, zero outside of the rectangle
  float* scratch;            // photometric_scratch() floats, zero when first used
  double* row_loss;          // (H, 3) out: sums by row of the three terms
};

constexpr int kSsimRadius = 3;  // a smaller window than the metric's, for speed
constexpr int kSsimPlanes = 3 * (2 + 5 + 3);
inline int64_t ssim_stride(int width) { return (width + 15) / 16 * 16 + 48; }
inline int64_t photometric_scratch(int width, int height) {
  return (int64_t)kSsimPlanes * (height + 2 * kSsimRadius) * ssim_stride(width);
}

struct AdamStep {
  float *value, *m, *v;
  const float* gradient;
  const uint8_t* visible;   // one flag a row of `width` values, or null
  int rows, width;
  float rate, beta1, beta2, epsilon, correction1, correction2;
  float shrink;             // factor of the value before the step: decoupled weight decay
};

struct AdamRankOne {  // gradient of row k is psi[k] * shared
  float *value, *m, *v;
  const float *psi, *shared;
  const uint8_t* visible;
  int k, rows, width;
  float rate, beta1, beta2, epsilon, correction1, correction2;
  float shrink;             // factor of the value before the step: decoupled weight decay
};

// A picture that is marked: (H, W, 3) or (H, W, 4) with straight alpha; see trust/watermark/embed.py.
struct MarkImage {
  const uint8_t* pixels;
  int width, height, channels;
};

constexpr int kMarkBlock = 8, kMarkLevels = 64, kMarkTile = 128;

struct Kernels {
  const char* name;
  void (*triangle_frames)(const float* vertices, const int32_t* triangles, int begin, int end, float* frames);
  void (*project_world)(const WorldGaussians&, const View&, int block, Splat*, uint32_t* keys);
  void (*project_world_backward)(const WorldGaussians&, const View&, int block, const Splat*, const uint32_t* keys,
                                 const float* pairs, WorldGradients&);
  void (*project_bound)(const BoundModel&, const View&, int block, Splat*, uint32_t* keys);
  void (*project_bound_backward)(const BoundModel&, const View&, int block, const Splat*, const uint32_t* keys,
                                 const float* pairs, BoundGradients&);
  void (*project_play)(const PlayModel&, const View&, int block, Splat*, uint32_t* keys);
  void (*blend)(const Splat*, const Bins&, const View&, int tile, const FloatImage&);
  void (*blend_bytes)(const Splat*, const Bins&, const View&, int tile, const ByteImage&);
  void (*blend_backward)(const Splat*, const Bins&, const View&, int tile, const FloatImage&, const float* gradient,
                         float* pairs);
  void (*photometric_row)(const Photometric&, int stage, int row);  // stages 0, 1, 2 in turn over all rows
  void (*adam)(const AdamStep&, int begin, int end);
  void (*adam_rank_one)(const AdamRankOne&, int begin, int end);
  void (*weighted_sum)(const float* basis, const float* weights, int count, const float* base, int begin, int end,
                       int stride, float* out);
  void (*mark_busy_row)(const MarkImage&, int row, uint8_t* busy);  // rows of squares
  void (*mark_row)(const MarkImage&, const uint8_t* busy, const int16_t* gains, const int8_t* tile, int row, uint8_t* out);
};

const Kernels& kernels();                   // the best set this machine runs, unless another was selected
bool select_kernels(const char* name);      // false: unknown here
int available_kernels(const char** names);  // best last; returns the count

}  // namespace splatavatar
