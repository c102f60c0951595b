/*
 * driver.c - run a fuzz program over the program's corpus, with any compiler.
 *
 * Linked with a fuzz_NAME.c; otherwise libFuzzer calls LLVMFuzzerTestOneInput() of that file. Reads
 * every file of the folder CORPUS (tests/fuzz/corpus/NAME), or the files named as arguments, and
 * the empty input. The result is that nothing crashes; sanitized builds see more.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** The program under test: an input and the input's length; always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a file into memory of exactly the file's size, so that sanitizers see an octet too far. */
static int run_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    int failed = 1;

    if (!file || fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode))
        goto cleanup;
    size_t size = (size_t)info.st_size;
    data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size)
        goto cleanup;
    LLVMFuzzerTestOneInput(data, size);
    failed = 0;
cleanup:
    if (failed)
        fprintf(stderr, "%s: %s\n", path, errno ? strerror(errno) : "not a regular file");
    free(data);
    if (file)
        fclose(file);
    return failed;
}

static int run_folder(const char *folder, int *count)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int failed = 0;

    if (!dir) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return 1;
    }
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        failed += run_file(path);
        (*count)++;
    }
    closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    int count = 1;
    int failed = 0;
    uint8_t none = 0;
    LLVMFuzzerTestOneInput(&none, 0);
    for (int i = 1; i < argc; i++, count++)
        failed += run_file(argv[i]);
    if (argc == 1)
        failed += run_folder(CORPUS, &count);
    printf("%d passed, %d failed\n", count - failed, failed);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
