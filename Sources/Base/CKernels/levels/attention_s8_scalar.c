#include "../simd/fold_scalar.h"

#include "attention_s8.h"
