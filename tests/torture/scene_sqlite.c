#include <config.h>

#include "scene.h"

#ifdef TI_WITH_SQLITE
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#define PATH_SIZE 512

static char folder[PATH_SIZE / 4], database[PATH_SIZE], kept[PATH_SIZE], address[PATH_SIZE + 16];

static const char *url(void)
{
    return address;
}

static bool begin(void)
{
    const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                      : getenv("TMPDIR"); /* every import waits for the disk */

    faults_watch_disk();
    (void)snprintf(folder, sizeof(folder), "%s/ticker-torture-XXXXXX",
                   where != NULL && where[0] != '\0' ? where : "/tmp");
    if (mkdtemp(folder) == NULL)
        broken(folder, "cannot be made");
    (void)snprintf(database, sizeof(database), "%s/t.db", folder);
    (void)snprintf(kept, sizeof(kept), "%s.kept", folder);
    (void)snprintf(address, sizeof(address), "sqlite:%s", database);
    return true;
}

/* What stands beside the database is of it, too: journals, temporary files. */
static void clear(void)
{
    DIR *files = opendir(folder);
    struct dirent *entry;
    char path[2 * PATH_SIZE];

    if (files == NULL)
        broken(folder, "cannot be read");
    while ((entry = readdir(files)) != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(path) != 0)
            broken(path, "cannot be removed");
    }
    (void)closedir(files);
}

static void end(void)
{
    clear();
    (void)unlink(kept);
    (void)rmdir(folder);
}

static void copy(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t count;

    if (in == NULL || out == NULL)
        broken(to, "cannot be copied");
    while ((count = fread(bytes, 1, sizeof(bytes), in)) > 0)
        if (fwrite(bytes, 1, count, out) != count)
            broken(to, "cannot be written");
    if (fclose(in) != 0 || fclose(out) != 0)
        broken(to, "cannot be closed");
}

static void keep(void)
{
    copy(database, kept);
}

static void reset(void)
{
    clear();
    copy(kept, database);
}

static int add_row(void *payload, int count, char **values, char **names)
{
    ti_buffer *text = payload;

    (void)names;
    for (int i = 0; i < count; i++)
        (void)ti_buffer_printf(text, "%s|", values[i] != NULL ? values[i] : "~");
    return ti_buffer_byte(text, '\n') ? 0 : 1;
}

/* A journal that could not be removed is for SQLite's next use of the database; anything else is somebody's leftover. */
static void describe_files(ti_buffer *text)
{
    DIR *files = opendir(folder);
    struct dirent *entry;

    if (files == NULL)
        broken(folder, "cannot be read");
    while ((entry = readdir(files)) != NULL)
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, "t.db", 4) != 0)
            (void)ti_buffer_printf(text, "file %s\n", entry->d_name);
    (void)closedir(files);
}

static void describe(ti_buffer *text)
{
    static const char *const questions[] = {
        "SELECT * FROM quotes ORDER BY ticker, trade_date, market, term_days, isin, open, close",
        "SELECT * FROM trades ORDER BY trade_date, ticker, trade_id, reference_date, session, action",
        "SELECT ticker, market, name, specification, isin, first_date, last_date FROM instruments ORDER BY ticker",
        "SELECT file, member, format, CASE status WHEN 'failed' THEN '' ELSE sha256 || bytes || trades || volume || "
        "turnover END, "
        "status, records, imported, rejected, error FROM import_rows ORDER BY status, sha256, member",
        "SELECT type, name FROM sqlite_schema ORDER BY name",
        "PRAGMA integrity_check"};
    sqlite3 *db = NULL;

    if (sqlite3_open(database, &db) != SQLITE_OK)
        broken(database, sqlite3_errmsg(db));
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        (void)ti_buffer_printf(text, "-- %s\n", questions[i]);
        if (sqlite3_exec(db, questions[i], add_row, text, NULL) != SQLITE_OK)
            broken(questions[i], sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
    describe_files(text);
}

const scene scene_sqlite = {.name = "sqlite",
                            .faults = 1u << FAULT_MEMORY | 1u << FAULT_OTHERS | 1u << FAULT_READ | 1u << FAULT_WRITE |
                                      1u << FAULT_SQL | 1u << FAULT_DISK | 1u << FAULT_ARCHIVE,
                            .begin = begin,
                            .end = end,
                            .url = url,
                            .clear = clear,
                            .keep = keep,
                            .reset = reset,
                            .describe = describe};
#else
const scene scene_sqlite = {0};
#endif
