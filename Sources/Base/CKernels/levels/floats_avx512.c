#if defined(__x86_64__)

#include "../simd/avx512.h"

#include "../quantize/quantize_row_avx512.h"

#include "floats.h"

#endif
