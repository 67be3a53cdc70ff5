// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "spatial_f32.h"
#include "../simd/end.h"
