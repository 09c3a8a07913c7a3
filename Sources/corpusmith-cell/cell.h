// The roles of a cell's processes; see `main.c` for who is whose parent.
#pragma once

#include "CellWire.h"

#include <stddef.h>
#include <sys/types.h>

/// What the cell looks like.
struct walls {
    /// Of the one file system that can be written.
    unsigned long temporary_bytes, temporary_files;
    /// Files and folders outside `/usr` that programs may read.
    char **binds;
    size_t bind_count;
};

/// Ends the process with words for the supervisor; `call` is what failed with `errno`.
_Noreturn void give_up(const char *call, const char *about);

/// Builds a file system of the machine's programs and nothing else. The machine's own is at `/old` until
/// `close_walls`; `/proc` is empty until the warden mounts it.
void raise_walls(const struct walls *walls);

/// Lets go of the machine's file system and makes everything but `/tmp` unwritable.
void close_walls(void);

/// Puts a fresh file system at `/tmp`: 0, or -1 with `errno`.
int renew_temporary(const struct walls *walls);

/// Starts the first process of the programs' process name space, which mounts its `/proc` and gives up its rights.
///
/// Returns the line on which it is asked.
int start_warden(void);

/// Kills all programs and waits until they are gone: how many there were, or -1 when the warden does not answer.
int clear_programs(int line);

/// Takes every right to do anything as somebody else, for good, but for one that is kept, or none when it is negative: 0,
/// or -1 with `errno`.
int drop_rights(int kept);

/// Starts the program of a job in the name space of the warden.
///
/// - strings: the arguments and the environment.
/// - descriptors: what becomes 0 and so on, as many as the job says; all of them are above what they become.
/// - failed: becomes the call that failed.
///
/// A program that cannot be executed ends with 127. Returns its number, or -1 with `errno`.
pid_t start_program(
    const struct cell_job *job, char *const *arguments, char *const *environment, const int *descriptors,
    const char **failed);

/// Takes one job after the other until the supervisor hangs up.
_Noreturn void keep(const struct walls *walls, int warden_line);
