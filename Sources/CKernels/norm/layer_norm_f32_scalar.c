// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "layer_norm_f32.h"
#include "../simd/end.h"
