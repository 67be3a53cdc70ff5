#include "../simd/portable.h"

#include "../simd/bf16.h"

#include "bf16.h"
