// What the supervisor and a cell's keeper say to each other, over a socket that keeps messages apart.
//
// The supervisor starts `corpusmith-cell` with the socket as descriptor 3 and says on the command line what the cell
// looks like. The keeper says `CELL_READY` once the walls stand. Then one job at a time: a `cell_job` with its
// descriptors, and a `cell_end` when nothing of the program is left and the cell is clean again.
#pragma once

#include <stdint.h>

enum {
    CELL_SOCKET = 3,
    /// The most that a job brings along: its strings and files in one file, and what the program finds as descriptors
    /// from 0 on.
    CELL_DESCRIPTORS = 6,
    CELL_WORDS = 240,
};

enum cell_message {
    CELL_READY = 1,
    CELL_JOB = 2,
    /// Ends the job that is at work; nothing happens when none is.
    CELL_STOP = 3,
    CELL_ENDED = 4,
    /// The cell cannot be used any more, and ends itself.
    CELL_BROKEN = 5,
};

/// Why a program was ended from outside.
enum cell_stop {
    CELL_NOT_STOPPED = 0,
    CELL_STOPPED_WALL = 1,
    CELL_STOPPED_MEMORY = 2,
    CELL_STOPPED_ASKED = 3,
};

/// Hard limits of one process and what it starts.
struct csandbox_limits {
    uint64_t cpu_seconds;
    uint64_t data_bytes;
    uint64_t stack_bytes;
    uint64_t file_bytes;
    uint64_t open_files;
    /// 0 leaves the number of processes alone.
    uint64_t processes;
};

/// A program to run once. Its strings stand at the start of the payload, each ended by a zero byte: the arguments, the
/// first of which is the program's path, the environment, and for each file its name and its size in decimal digits.
/// The contents of the files follow, one after the other.
struct cell_job {
    uint32_t message;
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t file_count;
    /// How many the program finds.
    uint32_t descriptor_count;
    uint32_t unused;
    uint64_t string_bytes;
    uint64_t payload_bytes;
    uint64_t wall_microseconds;
    uint64_t total_memory_kib;
    struct csandbox_limits limits;
};

/// How it ended, or that the cell is ready or broken.
struct cell_end {
    uint32_t message;
    /// As `waitpid` gives it.
    int32_t status;
    uint32_t stop;
    /// How many processes were left when the program had ended.
    uint32_t left;
    uint64_t wall_microseconds;
    uint64_t user_microseconds;
    uint64_t system_microseconds;
    uint64_t peak_kib;
    /// What went wrong, ended by a zero byte.
    char words[CELL_WORDS];
};
