// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "quantize_rows_u8.h"
#include "../simd/end.h"
