// Register-only multiply-add loops, written once for all levels: what the kernels are measured
// against. The empty asm keeps each sum in a register and hides its value from the optimiser.

#if VF_WIDTH == 4
#define SUMS 8
#else
#define SUMS 12  // more than latency (4-5) times issue width (2), less than 16 registers
#endif

#if defined(__x86_64__)
#define HIDE(v) __asm__ volatile("" : "+x"(v))
#else
#define HIDE(v) __asm__ volatile("" : "+w"(v))
#endif
