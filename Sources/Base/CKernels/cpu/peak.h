// Register-only multiply-add loops, written once for all levels: kernels are measured against them.
// The empty asm keeps each sum in a register and hides its value from the optimiser.

#ifndef SAM2_PEAK_H
#define SAM2_PEAK_H

#if defined(__x86_64__)
#define HIDE(v) __asm__ volatile("" : "+x"(v))
#else
#define HIDE(v) __asm__ volatile("" : "+w"(v))
#endif

#endif
