// Actions that a confined process may still be able to do, tried out in a child process.

#ifndef SAM2_CCONFINEMENT_H
#define SAM2_CCONFINEMENT_H

#include <stdbool.h>

/// Number of things to try.
int sam2_attempt_count(void);
/// Name of the thing at `index`.
const char *sam2_attempt_name(int index);

/// Tries the thing at `index` in a child process whose working folder is `folder`, which holds a
/// file `victim`; after `sam2_confine` when `confined`.
///
/// Returns 0 when it was done, the `errno` of its failure, or -1 when the child ended otherwise.
int sam2_attempt(int index, const char *folder, bool confined);

/// Takes memory of both kinds, draws a random number, reads the clock and writes to a pipe, in a
/// confined child. Returns 0, or the number of the first step that failed.
int sam2_work_confined(void);

#endif
