// Loaded in front of a program: its clock of the day goes wrong by the seconds that stand in the file `CLOCK_FILE`.
// The clocks that nobody sets stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
    const char *path = getenv("CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[32] = "";
    if (file >= 0) {
        ssize_t count = read(file, text, sizeof text - 1);
        close(file);
        if (count > 0) return atol(text);
    }
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *moment) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, moment);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) moment->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *restrict moment, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
    moment->tv_sec = precise.tv_sec;
    moment->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *moment) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (moment) *moment = precise.tv_sec;
    return precise.tv_sec;
}
