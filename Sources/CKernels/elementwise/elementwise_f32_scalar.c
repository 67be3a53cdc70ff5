// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "../simd/math.h"
#include "elementwise_f32.h"
#include "rotate_pairs_f32.h"
#include "../simd/end.h"
