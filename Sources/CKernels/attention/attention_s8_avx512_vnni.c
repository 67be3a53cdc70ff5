#if defined(__x86_64__)

// clang-format off: the order of these matters.
#define SIMD_VNNI
#include "../simd/avx512.h"
#include "../simd/math.h"
#include "../simd/int8_avx512_vnni.h"
#include "../simd/fold_avx512_vnni.h"
#include "attention_s8.h"
#include "axial_s8.h"
#include "../simd/end.h"

#endif
