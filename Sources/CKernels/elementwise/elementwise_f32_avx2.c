#if defined(__x86_64__)

// clang-format off: the order of these matters.
#include "../simd/avx2.h"
#include "../simd/math.h"
#include "elementwise_f32.h"
#include "rotate_pairs_f32.h"
#include "../simd/end.h"

#endif
