#include "../simd/portable.h"

#include "floats.h"
