// Everything that runs per Gaussian or per pixel, compiled once per instruction set.
#include "kernels_project.h"
#include "kernels_bound.h"
#include "kernels_blend.h"
#include "kernels_photometric.h"
#include "kernels_adam.h"
#include "kernels_watermark.h"

#define SPLAT_TEXT(x) #x
#define SPLAT_NAME(x) SPLAT_TEXT(x)

namespace splatavatar::KERNELS_ISA {

extern const Kernels table;
const Kernels table = {
    SPLAT_NAME(KERNELS_ISA),
    triangle_frames, project_world,  project_world_backward, project_bound, project_bound_backward, project_play,  blend_float,
    blend_bytes,    blend_backward,         photometric_row, adam,                 adam_rank_one, weighted_sum,
    mark_busy_row,  mark_row,
};

}  // namespace splatavatar::KERNELS_ISA
