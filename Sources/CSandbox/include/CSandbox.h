// What the sandbox asks of the kernel and Swift cannot: spawning without fork, limits on another process, a
// system-call filter. Every function returns a negative errno on failure unless it says otherwise.
#pragma once

#include "CellWire.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Writes the system-call filter as an array of `struct sock_filter`.
///
/// Returns its size in bytes, -ENOSPC when it does not fit, -ENOTSUP on an architecture without a table.
long csandbox_filter(void *buffer, size_t capacity);

/// Makes an anonymous file that holds the bytes, read position at the start, closed on exec.
int csandbox_memory_file(const void *bytes, size_t count);

/// Makes a pipe, closed on exec: `ends[0]` is read, `ends[1]` is written. Both block.
int csandbox_pipe(int ends[2]);

/// Opens `/dev/null` for reading and writing, closed on exec.
int csandbox_open_null(void);

/// Makes a descriptor not block.
int csandbox_set_nonblocking(int descriptor);

/// Makes an event counter that a `poll` can wait for; closed on exec, does not block.
int csandbox_bell(void);

/// Starts a program with exactly these descriptors: `descriptors[i]` becomes `i`, and all others are closed.
///
/// `strings` holds `argument_count` arguments and then `environment_count` entries, each ended by a zero byte; the
/// first argument is the program's path. Signals are set to their defaults. Sources must be 64 or higher.
int csandbox_spawn(
    const char *strings, size_t argument_count, size_t environment_count, const int *descriptors,
    size_t descriptor_count, pid_t *pid);

/// Opens a program to start later, by whoever may not walk to it then; closed on exec.
int csandbox_open_program(const char *path);

/// Starts an opened program as `csandbox_spawn` starts one by its path, `strings` and all.
int csandbox_spawn_file(
    int program, const char *strings, size_t argument_count, size_t environment_count, const int *descriptors,
    size_t descriptor_count, pid_t *pid);

/// Makes two connected ends that keep messages apart, closed on exec: ours, which does not block, and theirs.
int csandbox_line(int ends[2]);

/// Sends a job with its descriptors to a cell's keeper.
int csandbox_send_job(int line, const struct cell_job *job, const int *descriptors, size_t count);

/// Ends the job that a cell's keeper has at work.
int csandbox_send_stop(int line);

/// Opens a descriptor that polls readable once the process has ended.
int csandbox_process_descriptor(pid_t pid);

/// Sends SIGKILL to the process behind a process descriptor.
int csandbox_kill(int process_descriptor);

/// Sends SIGKILL to a process group.
int csandbox_kill_group(pid_t group);

/// Collects an ended child: 0 when it still runs, 1 when `status` holds its wait status.
int csandbox_collect(pid_t pid, int *status);

/// Waits for the end of a child and collects it.
void csandbox_await(pid_t pid);

/// Ends a cell with everything in it, and collects its guard.
void csandbox_end_cell(int process_descriptor, pid_t pid);

/// Sets the limits of a process; 0 is the caller.
int csandbox_set_limits(pid_t pid, const struct csandbox_limits *limits);

/// What the processes below one process hold: their own and shared memory and page tables, in KiB, and what is in use
/// on their `/tmp`.
struct csandbox_usage {
    uint64_t memory_kib;
    uint64_t temporary_kib;
    uint64_t inodes;
    uint64_t processes;
};

/// What one process holds of that memory, in KiB; 0 when it is gone.
uint64_t csandbox_memory(pid_t pid);

/// Adds up a process and all its descendants.
int csandbox_measure(pid_t root, struct csandbox_usage *usage);

/// Blocks all signals on the calling thread: broken pipes become errors, and handlers run elsewhere.
void csandbox_quiet_thread(void);

/// Makes the calling thread, and what it spawns, an ordinary user when the process is root.
///
/// Other threads keep their rights: credentials belong to threads in Linux. The process can be traced and its memory be
/// read by root alone from then on. Returns the user's number, which is the process's own when it is not root.
long csandbox_leave_root(void);
