// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "../simd/math.h"
#include "token_attention_f32.h"
#include "../simd/end.h"
