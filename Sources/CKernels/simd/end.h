// Closes the target region that simd/{avx2,avx512}.h opened.
#if VF_WIDTH > 4
#pragma clang attribute pop
#endif
