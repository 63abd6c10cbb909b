// Python bindings: plain C-contiguous buffers (numpy arrays or torch CPU tensors), no torch ABI. Shapes are checked here,
// and one thread at a time let into an object; the meaning of every array is documented where Python calls it.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include "calls.h"
#include "drive_path.h"
#include "memory.h"
#include "raster.h"
#include "rasterizer.h"
#include "refusal.h"
#include "rig_pose.h"
#include "thread_pool.h"

namespace nb = nanobind;
using namespace splatavatar;

template <class T>
using Array = nb::ndarray<T, nb::c_contig, nb::device::cpu>;

// An array that is written. It is never converted: the result would go into the copy and be lost.
template <class T>
struct Out : Array<T> {
  Out() = default;
  Out(const Array<T>& array) : Array<T>(array) {}
};

template <class T>
struct nanobind::detail::type_caster<Out<T>> {
  NB_TYPE_CASTER(Out<T>, make_caster<Array<T>>::Name)
  bool from_python(handle source, uint8_t flags, cleanup_list* cleanup) noexcept {
    make_caster<Array<T>> caster;
    if (!caster.from_python(source, (uint8_t)(flags & ~(uint8_t)cast_flags::convert), cleanup)) return false;
    value = Out<T>(caster.value);
    return true;
  }
};

namespace {

constexpr int kLargestPicture = 16384;         // pixels a side: tiles are counted in 16 bits, their pixels in 32
constexpr int64_t kMostRows = 1 << 26;         // of any array: ten times as many numbers still fit 32 bits

// Without the interpreter's lock, for as long as native code works.
class Released {
 public:
  Released() : state_(PyEval_SaveThread()) {}
  // A thread that is still at work when the interpreter ends is ended by it, up to Python 3.13 by unwinding its stack, which
  // C++ answers by ending the process. It waits for the end instead, as from Python 3.14.
  ~Released() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      for (;;) pause();
    }
  }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

 private:
  PyThreadState* state_;
};

// Native code at work.
struct Working {
  Released released;
  Call call;
};

// An object that keeps something between calls, and its lock. It is taken without the interpreter's, and given back before.
template <class T>
struct Shared : T {
  Shared() = default;
  explicit Shared(T&& value) : T(std::move(value)) {}
  template <class... Arguments>
  explicit Shared(Arguments&&... arguments) : T(std::forward<Arguments>(arguments)...) {}
  std::mutex mutex;
};

// Native code at work on such an object, one thread at a time.
struct WorkingOn : Working {
  template <class T>
  explicit WorkingOn(Shared<T>& object) : lock(object.mutex) {}
  std::lock_guard<std::mutex> lock;
};

void raise_settings_error(const char* text) {
  PyObject* errors = PyImport_ImportModule("splatavatar.errors");
  PyObject* type = errors ? PyObject_GetAttrString(errors, "SettingsError") : nullptr;
  if (type) PyErr_SetString(type, text);
  Py_XDECREF(type), Py_XDECREF(errors);
}

using Floats = Array<const float>;
using Ints = Array<const int32_t>;
using Doubles = Array<const double>;

template <class T>
T* checked(const Array<T>& a, const char* name, std::initializer_list<int64_t> shape) {
  bool ok = a.ndim() == shape.size();
  size_t i = 0;
  for (int64_t want : shape) {
    if (ok && want >= 0 && (int64_t)a.shape(i) != want) ok = false;
    i++;
  }
  if (ok) return a.data();
  std::string text = std::string(name) + " has shape (";
  for (size_t d = 0; d < a.ndim(); d++) text += (d ? ", " : "") + std::to_string(a.shape(d));
  text += "), expected (";
  i = 0;
  for (int64_t want : shape) text += (i++ ? ", " : "") + (want < 0 ? std::string("any") : std::to_string(want));
  throw std::invalid_argument(text + ")");
}

void check_size(int64_t width, int64_t height) {
  if (width < 1 || height < 1 || width > kLargestPicture || height > kLargestPicture)
    throw Refusal("a picture of " + std::to_string(width) + "x" + std::to_string(height) +
                  " pixels cannot be drawn; each side must be from 1 to " + std::to_string(kLargestPicture));
}

View view_of(const Doubles& T, const Doubles& K, int64_t width, int64_t height) {
  check_size(width, height);
  View view = make_view(checked(T, "T_camera_world", {4, 4}), checked(K, "K", {3, 3}), (int)width, (int)height);
  bool good = view.fx > 0 && view.fy > 0;
  for (float x : view.R) good = good && std::isfinite(x);
  for (float x : {view.t[0], view.t[1], view.t[2], view.eye[0], view.eye[1], view.eye[2], view.fx, view.fy, view.cx, view.cy,
                  view.clamp_x[0], view.clamp_x[1], view.clamp_y[0], view.clamp_y[1]})
    good = good && std::isfinite(x);
  if (!good)
    throw Refusal("the camera is none that pictures can be drawn with: its K and T_camera_world must be finite in single precision "
                  "and its focal lengths above 0");
  return view;
}

// Length of the first dimension.
int64_t rows_of(const auto& array, const char* name) {
  const int64_t rows = array.ndim() ? (int64_t)array.shape(0) : 0;
  if (rows > kMostRows)
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(rows) + " rows, at most " + std::to_string(kMostRows) + " are drawn");
  return rows;
}
int64_t rows_of(const auto& array, size_t dimensions, const char* name) {
  if (array.ndim() != dimensions) throw std::invalid_argument(std::string(name) + " must have " + std::to_string(dimensions) + " dimensions");
  return rows_of(array, name);
}

// Number of elements, where a kernel counts them in 32 bits.
int size_of(const auto& array, const char* name) {
  if ((int64_t)array.size() > 16 * kMostRows) throw std::invalid_argument(std::string(name) + " is too large");
  return (int)array.size();
}

void check_faces(const int32_t* values, int64_t count, int64_t limit, const char* name) {
  for (int64_t i = 0; i < count; i++)
    if (values[i] < 0 || values[i] >= limit) throw std::invalid_argument(std::string(name) + " holds an index out of range");
}

WorldGaussians world_of(const Floats& mean, const Floats& rotation, const Floats& scale, const Floats& opacity, const Floats& colour) {
  int64_t n = rows_of(mean, "mean");
  return {(int)n, checked(mean, "mean", {n, 3}), checked(rotation, "rotation", {n, 4}), checked(scale, "scale", {n, 3}),
          checked(opacity, "opacity", {n}), checked(colour, "colour", {n, 3})};
}

// A backward pass must follow the forward pass of the same scene and picture.
void check_pictures(const Rasterizer& r, Rasterizer::Kind kind, int n, const Floats& planes, const Floats& gradient) {
  r.check_forward(kind, n);
  checked(planes, "planes", {4, r.height(), r.width()});
  checked(gradient, "gradient", {4, r.height(), r.width()});
}

// Arrays of the optimiser, borrowed for the length of a call.
struct BoundArrays {
  Ints face;
  Floats barycentric, position, rotation, log_scale, logit, colour, sh, frames;
  BoundModel model() const {
    int64_t n = rows_of(face, "face"), f = rows_of(frames, "frames");
    BoundModel m{(int)n, checked(face, "face", {n}), checked(barycentric, "barycentric", {n, 3}), checked(position, "position", {n, 3}),
                 checked(rotation, "rotation", {n, 4}), checked(log_scale, "log_scale", {n, 3}), checked(logit, "logit", {n}),
                 checked(colour, "colour", {n, 3}), checked(sh, "sh", {n, 3, 3}), checked(frames, "frames", {f, kFrame})};
    check_faces(m.face, n, f, "face");
    return m;
  }
};

constexpr int kMarkRows = 8;  // of squares that a thread takes at once

MarkImage mark_image(const Array<const uint8_t>& image) {
  if (image.ndim() != 3 || (image.shape(2) != 3 && image.shape(2) != 4)) throw std::invalid_argument("image must be (H, W, 3 or 4)");
  check_size((int64_t)image.shape(1), (int64_t)image.shape(0));
  return {image.data(), (int)image.shape(1), (int)image.shape(0), (int)image.shape(2)};
}

RigPose make_rig(const Floats& neutral, const Floats& basis, const Floats& joints, const Ints& parents, const Ints& skin_joints,
                 const Floats& skin_weights, const std::optional<Floats>& pose_basis, const std::optional<Floats>& joint_basis) {
  int64_t v = rows_of(neutral, "template"), e = rows_of(basis, "expression_basis"), j = rows_of(joints, "joints");
  const float* n = checked(neutral, "template", {v, 3});
  const float* b = checked(basis, "expression_basis", {e, v, 3});
  const int32_t* p = checked(parents, "parents", {j});
  for (int64_t i = 0; i < j; i++)
    if (p[i] >= i || p[i] < -1) throw std::invalid_argument("parents must come before their children");
  if (skin_joints.ndim() != 2) throw std::invalid_argument("skin_joints must have two dimensions");
  int64_t w = (int64_t)skin_joints.shape(1);
  const int32_t* s = checked(skin_joints, "skin_joints", {v, w});
  check_faces(s, w * v, j, "skin_joints");
  const float* c = pose_basis ? checked(*pose_basis, "pose_basis", {9 * (j - 1), v, 3}) : nullptr;
  const float* moved = joint_basis ? checked(*joint_basis, "joint_expression_basis", {e, j, 3}) : nullptr;
  return RigPose((int)v, n, (int)e, b, (int)j, checked(joints, "joints", {j, 3}), p, (int)w, s, checked(skin_weights, "skin_weights", {v, w}), c, moved);
}

void check_pose(const RigPose& rig, const Floats& expression, const Floats& rotations, const Floats& translation) {
  checked(expression, "expression", {rig.expressions()});
  checked(rotations, "joint_rotations", {rig.joints(), 3});
  checked(translation, "translation", {3});
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // autograd keeps rasterizers in cycles that the interpreter does not collect at exit
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Refusal& refusal) {
      raise_settings_error(refusal.what());
    } catch (const std::bad_alloc&) {
      raise_settings_error("memory ran out; ask for a smaller picture or close other programs");
    }
  });
  m.def("thread_count", &thread_count);
  m.def("set_thread_count", [](int n) {
    if (n < 1 || n > kMostThreads) throw std::invalid_argument("threads out of range 1 to " + std::to_string(kMostThreads));
    set_thread_count(n);
  });
  m.def("check_memory", &check_memory);
  m.attr("LARGEST_PICTURE") = kLargestPicture;
  m.def("instruction_set", [] { return std::string(kernels().name); });
  m.def("instruction_sets", [] {
    const char* names[3];
    int n = available_kernels(names);
    return std::vector<std::string>(names, names + n);
  });
  m.def("select_instruction_set", [](const std::string& name) {
    if (!select_kernels(name.c_str())) throw std::invalid_argument("this machine does not run " + name);
  });

  using SharedRasterizer = Shared<Rasterizer>;
  nb::class_<SharedRasterizer>(m, "Rasterizer")
      .def(nb::init<>())
      .def_prop_ro("visible", [](SharedRasterizer& r) { return WorkingOn(r), r.visible(); })
      .def_prop_ro("pairs", [](SharedRasterizer& r) { return WorkingOn(r), r.pairs(); })
      .def("forward_world",
           [](SharedRasterizer& r, const Floats& mean, const Floats& rotation, const Floats& scale, const Floats& opacity,
              const Floats& colour, const Doubles& T, const Doubles& K, Out<float> planes) {
             WorldGaussians g = world_of(mean, rotation, scale, opacity, colour);
             if (planes.ndim() != 3) throw std::invalid_argument("planes must be (4, H, W)");
             View view = view_of(T, K, (int64_t)planes.shape(2), (int64_t)planes.shape(1));
             float* out = checked(planes, "planes", {4, -1, -1});
             WorkingOn working(r);
             r.forward(g, view, out);
           })
      .def("backward_world",
           [](SharedRasterizer& r, const Floats& mean, const Floats& rotation, const Floats& scale, const Floats& opacity,
              const Floats& colour, const Floats& planes, const Floats& gradient, Out<float> g_mean, Out<float> g_rotation,
              Out<float> g_scale, Out<float> g_opacity, Out<float> g_colour, Out<double> g_camera) {
             WorldGaussians g = world_of(mean, rotation, scale, opacity, colour);
             int64_t n = g.n;
             WorldGradients out{checked(g_mean, "g_mean", {n, 3}), checked(g_rotation, "g_rotation", {n, 4}),
                                checked(g_scale, "g_scale", {n, 3}), checked(g_opacity, "g_opacity", {n}),
                                checked(g_colour, "g_colour", {n, 3}), nullptr};
             double* camera = g_camera.size() ? checked(g_camera, "g_camera", {4, 4}) : nullptr;
             WorkingOn working(r);
             check_pictures(r, Rasterizer::Kind::kWorld, g.n, planes, gradient);
             r.backward(g, planes.data(), gradient.data(), out, camera);
           })
      .def("forward_bound",
           [](SharedRasterizer& r, const BoundArrays& arrays, const Doubles& T, const Doubles& K, Out<float> planes) {
             BoundModel model = arrays.model();
             if (planes.ndim() != 3) throw std::invalid_argument("planes must be (4, H, W)");
             View view = view_of(T, K, (int64_t)planes.shape(2), (int64_t)planes.shape(1));
             float* out = checked(planes, "planes", {4, -1, -1});
             WorkingOn working(r);
             r.forward(model, view, out);
           })
      .def("backward_bound",
           [](SharedRasterizer& r, const BoundArrays& arrays, const Floats& planes, const Floats& gradient, Out<float> position,
              Out<float> rotation, Out<float> log_scale, Out<float> logit, Out<float> colour, Out<float> sh,
              Out<float> frame, Out<float> motion, Out<float> weight) {
             BoundModel model = arrays.model();
             int64_t n = model.n;
             BoundGradients out{checked(position, "position", {n, 3}), checked(rotation, "rotation", {n, 4}),
                                checked(log_scale, "log_scale", {n, 3}), checked(logit, "logit", {n}),
                                checked(colour, "colour", {n, 3}), checked(sh, "sh", {n, 3, 3}),
                                frame.size() ? checked(frame, "frame", {n, 13}) : nullptr, checked(motion, "motion", {n}),
                                checked(weight, "weight", {n})};
             WorkingOn working(r);
             check_pictures(r, Rasterizer::Kind::kBound, model.n, planes, gradient);
             r.backward(model, planes.data(), gradient.data(), out);
           });

  nb::class_<BoundArrays>(m, "BoundArrays")
      .def("__init__",
           [](BoundArrays* self, Ints face, Floats barycentric, Floats position, Floats rotation, Floats log_scale, Floats logit,
              Floats colour, Floats sh, Floats frames) {
             new (self) BoundArrays{face, barycentric, position, rotation, log_scale, logit, colour, sh, frames};
           });

  m.attr("FRAME") = kFrame;
  m.def("triangle_frames", [](const Floats& vertices, const Ints& triangles, Out<float> frames) {
    int64_t f = rows_of(triangles, 2, "triangles"), v = rows_of(vertices, 2, "vertices");
    check_faces(checked(triangles, "triangles", {f, 3}), 3 * f, v, "triangles");
    const float* in = checked(vertices, "vertices", {v, 3});
    float* out = checked(frames, "frames", {f, kFrame});
    Working working;
    frames_forward(in, triangles.data(), (int)f, out);
  });
  m.def("triangle_frames_backward",
        [](const Floats& vertices, const Ints& triangles, const Ints& face, const Floats& barycentric, const Floats& per_gaussian,
           Out<float> scratch, Out<float> g_vertices) {
          int64_t f = rows_of(triangles, 2, "triangles"), v = rows_of(vertices, 2, "vertices"), n = rows_of(face, 1, "face");
          check_faces(checked(triangles, "triangles", {f, 3}), 3 * f, v, "triangles");
          check_faces(checked(face, "face", {n}), n, f, "face");
          const float *in = checked(vertices, "vertices", {v, 3}), *corners = checked(barycentric, "barycentric", {n, 3});
          const float* gradient = checked(per_gaussian, "per_gaussian", {n, 13});
          float *sums = checked(scratch, "scratch", {f, 19}), *out = checked(g_vertices, "g_vertices", {v, 3});
          Working working;
          frames_backward(in, triangles.data(), (int)f, face.data(), corners, (int)n, gradient, sums, out);
        });

  m.def("photometric_scratch", [](int width, int height) {
    check_size(width, height);
    return photometric_scratch(width, height);
  });
  m.def("photometric",
        [](const Floats& image, const Array<const uint8_t>& target, std::array<float, 3> background, std::array<float, 3> weights,
           std::array<int, 4> rectangle, Out<float> gradient, Out<float> scratch, Out<double> rows) {
          rows_of(image, 3, "image");
          int64_t h = (int64_t)image.shape(1), w = (int64_t)image.shape(2);
          check_size(w, h);
          Photometric p{};
          p.width = (int)w, p.height = (int)h;
          p.x0 = std::clamp(rectangle[0], 0, (int)w), p.y0 = std::clamp(rectangle[1], 0, (int)h);
          p.x1 = std::clamp(rectangle[2], p.x0, (int)w), p.y1 = std::clamp(rectangle[3], p.y0, (int)h);
          p.image = checked(image, "image", {4, h, w}), p.target = checked(target, "target", {h, w, 4});
          for (int i = 0; i < 3; i++) p.background[i] = background[i];
          p.l1 = weights[0], p.dssim = weights[1], p.matte = weights[2];
          p.gradient = checked(gradient, "gradient", {4, h, w});
          p.scratch = checked(scratch, "scratch", {photometric_scratch((int)w, (int)h)});
          p.row_loss = checked(rows, "rows", {h, 3});
          std::array<double, 3> loss;
          Working working;
          photometric(p, loss.data());
          return loss;
        });

  m.def("adam", [](Out<float> value, Out<float> first, Out<float> second, const Floats& gradient,
                   const Array<const uint8_t>& visible, float rate, float beta1, float beta2, float epsilon, float shrink, int step) {
    if (value.ndim() < 1) throw std::invalid_argument("adam: value must have rows");
    int rows = (int)rows_of(value, "value"), width = rows ? size_of(value, "value") / rows : 1;
    if (first.size() != value.size() || second.size() != value.size() || gradient.size() != value.size() ||
        (visible.size() && visible.size() != (size_t)rows))
      throw std::invalid_argument("adam: sizes differ");
    AdamStep s{value.data(), first.data(), second.data(), gradient.data(), visible.size() ? visible.data() : nullptr, rows, width,
               rate, beta1, beta2, epsilon, 1.f / (1.f - std::pow(beta1, (float)step)), 1.f / (1.f - std::pow(beta2, (float)step)), shrink};
    Working working;
    const Kernels& k = kernels();
    parallel_ranges(rows, 4096, [&](int begin, int end) { k.adam(s, begin, end); });
  });
  m.def("adam_rank_one", [](Out<float> value, Out<float> first, Out<float> second, const Floats& psi, const Floats& shared,
                            const Array<const uint8_t>& visible, float rate, float beta1, float beta2, float epsilon, float shrink, int step) {
    rows_of(value, 3, "value");
    size_of(shared, "shared");
    int k = (int)rows_of(value, "value"), rows = (int)value.shape(1), width = (int)value.shape(2);
    if (first.size() != value.size() || second.size() != value.size() || (int)psi.size() != k ||
        (int64_t)shared.size() != (int64_t)rows * width || (visible.size() && visible.size() != (size_t)rows))
      throw std::invalid_argument("adam_rank_one: sizes differ");
    AdamRankOne s{value.data(), first.data(), second.data(), psi.data(), shared.data(), visible.size() ? visible.data() : nullptr, k,
                  rows, width, rate, beta1, beta2, epsilon, 1.f / (1.f - std::pow(beta1, (float)step)),
                  1.f / (1.f - std::pow(beta2, (float)step)), shrink};
    Working working;
    const Kernels& kernel = kernels();
    parallel_ranges(rows, 1024, [&](int begin, int end) { kernel.adam_rank_one(s, begin, end); });
  });
  m.def("weighted_sum", [](const Floats& basis, const Floats& weights, const Floats& base, Out<float> out) {
    int n = size_of(out, "out"), k = size_of(weights, "weights");
    if ((int64_t)basis.size() != (int64_t)k * n || base.size() != out.size()) throw std::invalid_argument("weighted_sum: sizes differ");
    Working working;
    const Kernels& kernel = kernels();
    parallel_ranges(n, 16384, [&](int begin, int end) { kernel.weighted_sum(basis.data(), weights.data(), k, base.data(), begin, end, n, out.data()); });
  });

  m.def("mark_busyness", [](const Array<const uint8_t>& image, Out<uint8_t> busy) {
    MarkImage in = mark_image(image);
    const int rows = (in.height + kMarkBlock - 1) / kMarkBlock, columns = (in.width + kMarkBlock - 1) / kMarkBlock;
    uint8_t* out = checked(busy, "busy", {rows, columns});
    Working working;
    const Kernels& kernel = kernels();
    parallel_ranges(rows, kMarkRows, [&](int begin, int end) {
      for (int row = begin; row < end; row++) kernel.mark_busy_row(in, row, out + (int64_t)row * columns);
    });
  });
  m.def("mark", [](const Array<const uint8_t>& image, const Array<const uint8_t>& busy, const Array<const int16_t>& gains,
                   const Array<const int8_t>& tile, Out<uint8_t> marked) {
    MarkImage in = mark_image(image);
    const int rows = (in.height + kMarkBlock - 1) / kMarkBlock, columns = (in.width + kMarkBlock - 1) / kMarkBlock;
    const uint8_t* levels = checked(busy, "busy", {rows, columns});
    for (int64_t i = 0; i < (int64_t)rows * columns; i++)
      if (levels[i] >= kMarkLevels) throw std::invalid_argument("busy holds a level out of range");
    const int16_t* gain = checked(gains, "gains", {kMarkLevels});
    for (int i = 0; i < kMarkLevels; i++)
      if (gain[i] < 0 || gain[i] > 4096) throw std::invalid_argument("gains holds a value out of range");
    const int8_t* waves = checked(tile, "tile", {kMarkTile, kMarkTile});
    uint8_t* out = checked(marked, "marked", {in.height, in.width, in.channels});
    Working working;
    const Kernels& kernel = kernels();
    parallel_ranges(rows, kMarkRows, [&](int begin, int end) {
      for (int row = begin; row < end; row++) kernel.mark_row(in, levels + (int64_t)row * columns, gain, waves, row, out);
    });
  });

  using SharedPose = Shared<RigPose>;
  nb::class_<SharedPose>(m, "RigPose")
      .def("__init__",
           [](SharedPose* self, const Floats& neutral, const Floats& basis, const Floats& joints, const Ints& parents,
              const Ints& skin_joints, const Floats& skin_weights, const std::optional<Floats>& pose_basis, const std::optional<Floats>& joint_basis) {
             new (self) SharedPose(make_rig(neutral, basis, joints, parents, skin_joints, skin_weights, pose_basis, joint_basis));
           })
      .def("pose", [](SharedPose& r, const Floats& expression, const Floats& rotations, const Floats& translation, Out<float> out) {
        check_pose(r, expression, rotations, translation);
        float* vertices = checked(out, "out", {r.vertices(), 3});
        WorkingOn working(r);
        r.pose(expression.data(), rotations.data(), translation.data(), vertices);
      });

  using SharedPath = Shared<DrivePath>;
  nb::class_<SharedPath>(m, "DrivePath")
      .def("__init__",
           [](SharedPath* self, const Floats& neutral, const Floats& basis, const Floats& joints, const Ints& parents,
              const Ints& skin_joints, const Floats& skin_weights, const std::optional<Floats>& pose_basis, const std::optional<Floats>& joint_basis, const Ints& triangles, const Ints& face,
              const Floats& barycentric, const Floats& position, const Floats& rotation, const Floats& scale,
              const Floats& opacity, const Floats& colour, const Floats& sh, const Floats& corrective_position,
              const Floats& corrective_colour, const Floats& corrective_weights, const Floats& corrective_bias) {
             RigPose rig = make_rig(neutral, basis, joints, parents, skin_joints, skin_weights, pose_basis, joint_basis);
             int64_t f = rows_of(triangles, 2, "triangles"), n = rows_of(face, 1, "face"), k = rows_of(corrective_bias, 1, "correctives.bias");
             int64_t inputs = rig.expressions() + 3 * rig.joints();
             check_faces(checked(triangles, "triangles", {f, 3}), 3 * f, rig.vertices(), "triangles");
             check_faces(checked(face, "face", {n}), n, f, "face");
             DriveArrays a{(int)n, (int)f, (int)k, face.data(), triangles.data(), checked(barycentric, "barycentric", {n, 3}),
                           checked(position, "position", {n, 3}), checked(rotation, "rotation", {n, 4}), checked(scale, "scale", {n, 3}),
                           checked(opacity, "opacity", {n}), checked(colour, "colour", {n, 3}), checked(sh, "sh", {n, 3, 3}),
                           checked(corrective_position, "correctives.position", {k, n, 3}),
                           checked(corrective_colour, "correctives.colour", {k, n, 3}),
                           checked(corrective_weights, "correctives.weights", {k, inputs}), checked(corrective_bias, "correctives.bias", {k})};
             new (self) SharedPath(std::move(rig), a);
           })
      .def("render",
           [](SharedPath& d, const Floats& expression, const Floats& rotations, const Floats& translation, const Doubles& T,
              const Doubles& K, std::array<float, 3> background, Out<uint8_t> image) {
             check_pose(d.rig(), expression, rotations, translation);
             if (image.ndim() != 3 || (image.shape(2) != 3 && image.shape(2) != 4)) throw std::invalid_argument("image must be (H, W, 3 or 4)");
             View view = view_of(T, K, (int64_t)image.shape(1), (int64_t)image.shape(0));
             ByteImage out{image.data(), view.width, view.height, (int)image.shape(2), {background[0], background[1], background[2]}};
             WorkingOn working(d);
             d.render(expression.data(), rotations.data(), translation.data(), view, out);
           })
      .def_prop_ro("visible", [](SharedPath& d) { return WorkingOn(d), d.visible(); })
      .def_prop_ro("pairs", [](SharedPath& d) { return WorkingOn(d), d.pairs(); })
      .def("milliseconds", [](SharedPath& d) {
        std::array<double, kStages> out;
        WorkingOn working(d);
        std::copy_n(d.milliseconds(), kStages, out.begin());
        return out;
      });
}
