#ifndef C_TEST_SUPPORT_H
#define C_TEST_SUPPORT_H

#include <sys/types.h>

/// Starts a program, looked for on `PATH` unless its name holds a slash.
///
/// It gets the three streams and nothing else that is open here, and no signal is blocked.
///
/// Returns its number, or a negative error number.
pid_t ctest_spawn(char *const arguments[], char *const environment[], const char *folder, const int streams[3]);

/// The writing end of a pipe that nobody reads, closed on exec; negative when there is none.
int ctest_unread_pipe(void);

#endif
