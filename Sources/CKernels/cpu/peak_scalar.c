// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "../simd/int8_scalar.h"
#include "peak_f32.h"
#include "peak_s8.h"
#include "../simd/end.h"
