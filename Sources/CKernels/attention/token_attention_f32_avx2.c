#if defined(__x86_64__)

// clang-format off: the order of these matters.
#include "../simd/avx2.h"
#include "../simd/math.h"
#include "token_attention_f32.h"
#include "../simd/end.h"

#endif
