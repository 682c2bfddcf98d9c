/* A disk that gets full, or that can only be read, for programs that have this library in LD_PRELOAD: no right to mount anything is needed.
 *
 * TICKER_DISK names a file of CONTROL_BYTES: an 8-byte number, and the text that the paths of the files concerned contain. It may be
 * written to at any time, and is shared by all processes. The number is how many bytes the files may still grow; NO_LIMIT: as many as they
 * like; READ_ONLY: none of them can be opened for writing. As on a disk, what a file has already can be written over. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define CONTROL_BYTES 256
#define NO_LIMIT (-1)
#define READ_ONLY (-2)
#define PATH_BYTES 4096

typedef struct control {
    int64_t left;
    char text[CONTROL_BYTES - sizeof(int64_t)];
} control;

static control *disk;

/* What this library stands before. */
#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

__attribute__((constructor)) static void look_at_control(void)
{
    const char *path = getenv("TICKER_DISK");
    int file = path != NULL ? REAL(open, path, O_RDWR | O_CLOEXEC) : -1;
    void *mapped = file >= 0 ? mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;

    if (mapped != MAP_FAILED)
        disk = mapped;
    if (file >= 0)
        (void)close(file);
}

static int64_t left(void)
{
    return disk != NULL ? __atomic_load_n(&disk->left, __ATOMIC_SEQ_CST) : NO_LIMIT;
}

/* Takes up to `bytes` of what is left; how many there were. */
static int64_t take(int64_t bytes)
{
    int64_t there = left();

    for (;;) {
        int64_t taken = there == NO_LIMIT || there >= bytes ? bytes : there > 0 ? there : 0;

        if (there == NO_LIMIT || taken == 0 ||
            __atomic_compare_exchange_n(&disk->left, &there, there - taken, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return taken;
    }
}

static int is_concerned(int file)
{
    char link[64], path[PATH_BYTES];
    ssize_t length;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof(path) - 1);
    if (length <= 0)
        return 0;
    path[length] = '\0';
    return path[0] == '/' && strstr(path, disk->text) != NULL;
}

/* How many of `size` bytes at `offset` (-1: where the file is) find room; -1 and errno: none of them. */
static int64_t room(int file, int64_t offset, int64_t size)
{
    struct stat about;
    int64_t grows, taken;
    int before = errno;

    if (left() == NO_LIMIT || size <= 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || !is_concerned(file)) {
        errno = before;
        return size;
    }
    if (offset < 0)
        offset = (fcntl(file, F_GETFL) & O_APPEND) != 0 ? about.st_size : lseek(file, 0, SEEK_CUR);
    errno = before;
    grows = offset + size - about.st_size;
    if (grows <= 0)
        return size;
    if (grows > size)
        grows = size;
    taken = take(grows);
    if (size - grows + taken > 0)
        return size - grows + taken;
    errno = ENOSPC;
    return -1;
}

static int64_t total(const struct iovec *parts, int count)
{
    int64_t bytes = 0;

    for (int i = 0; i < count; i++)
        bytes += (int64_t)parts[i].iov_len;
    return bytes;
}

ssize_t write(int file, const void *data, size_t size)
{
    int64_t bytes = room(file, -1, (int64_t)size);

    return bytes < 0 ? -1 : REAL(write, file, data, (size_t)bytes);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    int64_t bytes = room(file, offset, (int64_t)size);

    return bytes < 0 ? -1 : REAL(pwrite, file, data, (size_t)bytes, offset);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    int64_t bytes = room(file, offset, (int64_t)size);

    return bytes < 0 ? -1 : REAL(pwrite64, file, data, (size_t)bytes, offset);
}

/* Some of several parts is more than is needed here: all of them, or none. */
static int fits(int file, const struct iovec *parts, int count, int64_t offset)
{
    int64_t size = total(parts, count);

    if (room(file, offset, size) == size)
        return 1;
    errno = ENOSPC;
    return 0;
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    return fits(file, parts, count, -1) ? REAL(writev, file, parts, count) : -1;
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset)
{
    return fits(file, parts, count, offset) ? REAL(pwritev, file, parts, count, offset) : -1;
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset)
{
    return fits(file, parts, count, offset) ? REAL(pwritev64, file, parts, count, offset) : -1;
}

int fallocate(int file, int mode, off_t offset, off_t size)
{
    if (room(file, offset, size) == size)
        return REAL(fallocate, file, mode, offset, size);
    errno = ENOSPC;
    return -1;
}

int posix_fallocate(int file, off_t offset, off_t size)
{
    return room(file, offset, size) == size ? REAL(posix_fallocate, file, offset, size) : ENOSPC;
}

int posix_fallocate64(int file, off64_t offset, off64_t size)
{
    return room(file, offset, size) == size ? REAL(posix_fallocate64, file, offset, size) : ENOSPC;
}

static int refused(const char *path, int flags)
{
    if (left() != READ_ONLY || (flags & (O_WRONLY | O_RDWR | O_CREAT)) == 0 || strstr(path, disk->text) == NULL)
        return 0;
    errno = EROFS;
    return 1;
}

static mode_t mode_of(int flags, va_list list)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list list;
    mode_t mode;

    va_start(list, flags);
    mode = mode_of(flags, list);
    va_end(list);
    return refused(path, flags) ? -1 : REAL(open, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list list;
    mode_t mode;

    va_start(list, flags);
    mode = mode_of(flags, list);
    va_end(list);
    return refused(path, flags) ? -1 : REAL(open64, path, flags, mode);
}
