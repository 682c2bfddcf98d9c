/* Calls a fuzz target without libFuzzer: with every file that is named, or is in a folder that is named; without arguments
 * with the folder tests/fuzz/corpus/NAME, for a program called fuzz_NAME. Each file is also cut off at many lengths and
 * changed in many places, the same ones in every run. With libFuzzer (scripts/fuzz) there is nothing in here. */
#ifndef TI_LIBFUZZER

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)
/* Prefixes of one file, and as many changed copies; fewer for slow checkers (TICKER_TEST_FEW). */
#define MANY 512
#define FEW 96
#define PATH_MAX_HERE 4096

static unsigned long files, inputs;

/* In memory of its own, exactly as long, so that a checker sees a byte read behind it. */
static void call(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    CHECK(LLVMFuzzerTestOneInput(copy, size) == 0);
    free(copy);
    inputs++;
}

static uint32_t draw(uint32_t *state, size_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return below > 0 ? (*state >> 8) % (uint32_t)below : 0;
}

/* One to four bytes replaced by others, or by bytes that mean something to most parsers. */
static void change(uint8_t *data, size_t size, uint32_t *state)
{
    static const char telling[] = "\0\n\r\t \"%&'+,-./:;<=>?[]\\{}\x7f\x80\xff";

    for (uint32_t left = 1 + draw(state, 4); left > 0; left--)
        data[draw(state, size)] = draw(state, 2) == 0 ? (uint8_t)draw(state, 256)
                                                      : (uint8_t)telling[draw(state, sizeof(telling) - 1)];
}

static void run_bytes(uint8_t *data, size_t size)
{
    const size_t most = getenv("TICKER_TEST_FEW") != NULL ? FEW : MANY;
    const size_t step = size / most + 1;
    uint32_t state = 1;
    uint8_t *copy;

    call(data, size);
    for (size_t cut = 0; cut < size; cut += step)
        call(data, cut);
    if (size == 0)
        return;
    copy = malloc(size);
    CHECK(copy != NULL);
    for (size_t i = 0; i < most; i++) {
        memcpy(copy, data, size);
        change(copy, size, &state);
        call(copy, size);
    }
    free(copy);
}

static int run_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    size_t size;

    CHECK(data != NULL);
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        free(data);
        return 1;
    }
    size = fread(data, 1, INPUT_MAX, file);
    CHECK(ferror(file) == 0);
    (void)fclose(file);
    run_bytes(data, size);
    free(data);
    files++;
    return 0;
}

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int failed = 0;

    if (folder == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    while ((entry = readdir(folder)) != NULL) {
        char name[PATH_MAX_HERE];
        int length = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);

        if (entry->d_name[0] == '.')
            continue;
        CHECK(length > 0 && (size_t)length < sizeof(name));
        failed |= run_file(name);
    }
    (void)closedir(folder);
    return failed;
}

static int run(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? run_folder(path) : run_file(path);
}

static int run_corpus(const char *program)
{
    const char *slash = strrchr(program, '/'), *name = slash != NULL ? slash + 1 : program;
    const char *source = getenv("TICKER_SOURCE");
    char path[PATH_MAX_HERE];

    name = strncmp(name, "lt-", 3) == 0 ? name + 3 : name; /* libtool's */
    CHECK(strncmp(name, "fuzz_", 5) == 0);
    if (source == NULL) {
        fprintf(stderr, "usage: %s FILE|FOLDER..., or with TICKER_SOURCE in the environment for the corpus\n", name);
        return 2;
    }
    CHECK(snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", source, name + 5) < (int)sizeof(path));
    return run(path);
}

int main(int argc, char **argv)
{
    int failed = argc > 1 ? 0 : run_corpus(argv[0]);

    for (int i = 1; i < argc; i++)
        failed |= run(argv[i]);
    if (failed == 0 && files == 0) {
        fprintf(stderr, "there is no input\n");
        failed = 1;
    }
    if (failed == 0)
        printf("ok 1 - %lu files, %lu inputs\n", files, inputs);
    return failed;
}

#endif
