// Closes the target region that the level's vocabulary opened, if any.
#ifdef TARGET
#pragma clang attribute pop
#endif
