#if defined(__x86_64__)

// clang-format off: the order of these matters.
#include "../simd/avx512.h"
#include "spatial_f32.h"
#include "../simd/end.h"

#endif
