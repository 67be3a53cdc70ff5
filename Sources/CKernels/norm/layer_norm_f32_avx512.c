#if defined(__x86_64__)

// clang-format off: the order of these matters.
#include "../simd/avx512.h"
#include "layer_norm_f32.h"
#include "../simd/end.h"

#endif
