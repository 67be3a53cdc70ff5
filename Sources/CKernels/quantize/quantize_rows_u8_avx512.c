#if defined(__x86_64__)

// clang-format off: the order of these matters.
#include "../simd/avx512.h"
#include "quantize_row_avx512.h"
#include "quantize_rows_u8.h"
#include "../simd/end.h"

#endif
