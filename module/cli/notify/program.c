/* program.c - see program.h. */
#include "cli/notify/program.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS    5000000
#define EXIT_NO_RUN 126 /* as a shell's: the program cannot be started */

/* A file in memory with the text, at its begin; -1 with errno. */
static int make_input(const char *input, size_t len)
{
    int fd = memfd_create("notice", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < len;) {
        ssize_t n = write(fd, input + at, len - at);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* In the child: never returns. */
static void become(char *const argv[], char *const env[], int input)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    setpgid(0, 0);
    sigaction(SIGPIPE, &plain, NULL);
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        execve(argv[0], argv, env);
    _exit(EXIT_NO_RUN);
}

/* Wait for the end of the program; false: the time is over. */
static bool await(pid_t pid, int64_t end_us, int *status)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid)
            return true;
        if (sw_clock_mono_us() > end_us)
            return false;
        nanosleep(&pause, NULL);
    }
}

int program_run(char *const argv[], char *const env[], const char *input, size_t len,
                uint32_t timeout_s)
{
    int status = 0, fd = make_input(input, len);
    if (fd < 0)
        return PROGRAM_FAILED;
    pid_t pid = fork();
    if (pid == 0)
        become(argv, env, fd);
    close(fd);
    if (pid < 0)
        return PROGRAM_FAILED;
    setpgid(pid, pid); /* as in the child: whoever is first */
    bool ended = await(pid, sw_clock_mono_us() + (int64_t)timeout_s * 1000000, &status);
    if (!ended) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
        return PROGRAM_LATE;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
