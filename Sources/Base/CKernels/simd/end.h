// Closes the target region that a level's vocabulary opened, if it needs one.
#ifdef TARGET
#pragma clang attribute pop
#endif
