#if defined(__x86_64__)

// clang-format off: the order of these matters.
#include "../simd/avx512.h"
#include "../simd/int8_avx512.h"
#include "peak_f32.h"
#include "peak_s8.h"
#include "../simd/end.h"

#endif
