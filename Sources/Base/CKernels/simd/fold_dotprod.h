// Operands of int8 attention for the dot-product extension. See attention/attention_s8_layout.h for
// the vocabulary.

#include "int8_dotprod.h"

#define UNSIGNED_OFFSET 0  // queries stay signed
#include "fold_bytes.h"
