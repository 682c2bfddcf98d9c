#include "aws/ini.h"

#include <stdlib.h>
#include <string.h>

#include "aws/secret.h"
#include "base/error.h"

/* A setting of a section. All texts lie in the file's own bytes, which are cut with NULs where they stand. */
typedef struct setting {
    const char *parent; /* "s3" for what is indented under "s3 ="; else NULL */
    const char *key;
    char *value;
    unsigned line;
} setting;

typedef struct section {
    ti_ini_type type;
    const char *name;
    bool prefixed; /* "[profile default]", which in a config file is taken before "[default]" */
    setting *settings;
    size_t count, capacity;
} section;

struct ti_ini {
    ti_buffer text;
    section *sections;
    size_t count, capacity;
};

typedef struct reader {
    ti_ini *ini;
    ti_ini_kind kind;
    section *section; /* where settings go; NULL before the first */
    bool empty;       /* the last setting at the margin has no value: it may hold settings */
    const char *parent;
    bool open; /* the last setting may go on in the next, indented line */
    unsigned line;
    ticker_error *error;
} reader;

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

static char *skip_blanks(char *text)
{
    while (blank(*text))
        text++;
    return text;
}

/* Cuts the blanks at the end off. */
static void cut_blanks(char *text)
{
    size_t size = strlen(text);

    while (size > 0 && blank(text[size - 1]))
        size--;
    text[size] = '\0';
}

/* Cuts a comment off; in values it begins with a blank, so that a '#' within a word stays. */
static void cut_comment(char *text, bool after_blank)
{
    for (char *at = text; *at != '\0'; at++)
        if ((*at == '#' || *at == ';') && (!after_blank || (at > text && blank(at[-1])))) {
            *at = '\0';
            return;
        }
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static ticker_status refuse(const reader *self, const char *what)
{
    return ti_fail(self->error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s", what);
}

static ticker_status too_many(const reader *self, const char *what, int max)
{
    return ti_fail(self->error, TICKER_FATAL, TICKER_ERROR_LIMIT, "has more than %d %s", max, what);
}

/* Room for one more element. */
static bool grow(void **elements, size_t size, size_t count, size_t *capacity)
{
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *more;

    if (count < *capacity)
        return true;
    more = reallocarray(*elements, wanted, size);
    if (more == NULL)
        return false;
    *elements = more;
    *capacity = wanted;
    return true;
}

static section *find_exact(const ti_ini *ini, ti_ini_type type, const char *name, bool prefixed)
{
    for (size_t i = 0; i < ini->count; i++)
        if (ini->sections[i].type == type && ini->sections[i].prefixed == prefixed &&
            strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    return NULL;
}

static const section *find_section(const ti_ini *ini, ti_ini_type type, const char *name)
{
    const section *found = NULL;

    if (ini == NULL)
        return NULL;
    found = find_exact(ini, type, name, true);
    return found != NULL ? found : find_exact(ini, type, name, false);
}

/* `name` of `type`, made anew or gone on with: a section that stands twice is one. */
static ticker_status enter(reader *self, ti_ini_type type, const char *name, bool prefixed)
{
    ti_ini *ini = self->ini;

    self->section = find_exact(ini, type, name, prefixed);
    if (self->section != NULL)
        return TICKER_OK;
    if (ini->count == TICKER_INI_SECTIONS_MAX)
        return too_many(self, "sections", TICKER_INI_SECTIONS_MAX);
    if (!grow((void **)&ini->sections, sizeof(*ini->sections), ini->count, &ini->capacity))
        return ti_fail_memory(self->error);
    self->section = &ini->sections[ini->count++];
    *self->section = (section){.type = type, .name = name, .prefixed = prefixed};
    return TICKER_OK;
}

/* Takes "WORD " off the front of a section's name. */
static bool take_word(char **name, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*name, word, size) != 0 || !blank((*name)[size]))
        return false;
    *name = skip_blanks(*name + size);
    return true;
}

/* A name with blanks may stand in quotes, as "aws configure" writes it. */
static char *unquoted(char *name)
{
    size_t size = strlen(name);

    if (size < 2 || (*name != '"' && *name != '\'') || name[size - 1] != *name)
        return name;
    name[size - 1] = '\0';
    return name + 1;
}

static ticker_status read_section(reader *self, char *line)
{
    char *name = skip_blanks(line + 1), *end = strchr(name, ']');

    self->open = self->empty = false;
    if (end == NULL)
        return refuse(self, "a section's name must end with ']'");
    *end = '\0';
    cut_comment(end + 1, false);
    if (*skip_blanks(end + 1) != '\0')
        return refuse(self, "nothing may stand behind the ']' of a section");
    cut_blanks(name);
    if (*name == '\0')
        return refuse(self, "a section needs a name");
    if (self->kind == TI_INI_CREDENTIALS)
        return enter(self, TI_INI_PROFILE, unquoted(name), false);
    if (take_word(&name, "profile"))
        return enter(self, TI_INI_PROFILE, unquoted(name), true);
    if (take_word(&name, "services"))
        return enter(self, TI_INI_SERVICES, unquoted(name), false);
    return enter(self, strcmp(name, "default") == 0 ? TI_INI_PROFILE : TI_INI_OTHER, name, false);
}

static bool same_parent(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A setting that stands twice has its last value. */
static ticker_status put(reader *self, const char *parent, const char *key, char *value)
{
    section *to = self->section;
    setting new = {parent, key, value, self->line};

    for (size_t i = 0; i < to->count; i++)
        if (same_parent(to->settings[i].parent, parent) && strcmp(to->settings[i].key, key) == 0) {
            /* What the last one wins over goes to the end all the same: a continuation belongs to the last setting. */
            memmove(&to->settings[i], &to->settings[i + 1], (to->count - i - 1) * sizeof(*to->settings));
            to->settings[to->count - 1] = new;
            return TICKER_OK;
        }
    if (to->count == TICKER_INI_SETTINGS_MAX)
        return too_many(self, "settings in one section", TICKER_INI_SETTINGS_MAX);
    if (!grow((void **)&to->settings, sizeof(*to->settings), to->count, &to->capacity))
        return ti_fail_memory(self->error);
    to->settings[to->count++] = new;
    return TICKER_OK;
}

/* "key = value" */
static ticker_status read_setting(reader *self, char *line, bool indented)
{
    char *key = skip_blanks(line), *value = strchr(key, '=');

    if (value == NULL && indented)
        return refuse(self, "an indented line below an empty setting must be \"key = value\"");
    if (value == NULL)
        return refuse(self, "is neither a [section] nor \"key = value\" nor a comment");
    *value++ = '\0';
    cut_blanks(key);
    if (*key == '\0')
        return refuse(self, "a setting has no name before its '='");
    if (self->section == NULL)
        return refuse(self, "a setting stands before the first [section]");
    lower(key);
    cut_comment(value, true);
    value = skip_blanks(value);
    cut_blanks(value);
    if (indented)
        return put(self, self->parent, key, value);
    self->open = true;
    self->empty = *value == '\0';
    self->parent = key;
    return put(self, NULL, key, value);
}

/* Another line of the last setting's value: it is moved up behind it, over the blanks between them. */
static void add_line(const reader *self, char *line)
{
    char *value = self->section->settings[self->section->count - 1].value;
    size_t size = strlen(value);
    const char *more = skip_blanks(line);

    cut_blanks(line);
    value[size] = '\n';
    memmove(value + size + 1, more, strlen(more) + 1);
}

static ticker_status read_line(reader *self, char *line)
{
    char *text = skip_blanks(line);

    if (*text == '\0' || *text == '#' || *text == ';')
        return TICKER_OK;
    if (*line == '[')
        return read_section(self, line);
    if (text == line)
        return read_setting(self, line, false);
    if (!self->open)
        return refuse(self, "an indented line belongs to no setting");
    if (self->empty)
        return read_setting(self, line, true);
    add_line(self, line);
    return TICKER_OK;
}

static ticker_status read_lines(reader *self)
{
    char *at = self->ini->text.data, *end = at + self->ini->text.size;

    if (self->ini->text.size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3; /* a byte order mark, as editors of Windows write it */
    while (at < end) {
        char *next = memchr(at, '\n', (size_t)(end - at));
        ticker_status status;

        next = next != NULL ? next : end;
        self->line++;
        if (next - at > TICKER_INI_LINE_MAX)
            return ti_fail(self->error, TICKER_FATAL, TICKER_ERROR_LIMIT, "a line is longer than %d bytes",
                           TICKER_INI_LINE_MAX);
        if (memchr(at, '\0', (size_t)(next - at)) != NULL)
            return refuse(self, "this is no text: it has NUL bytes");
        *next = '\0';
        status = read_line(self, at);
        if (status != TICKER_OK)
            return status;
        at = next + 1;
    }
    return TICKER_OK;
}

/* Takes the buffer over, which has a NUL behind its bytes. */
static ticker_status read_buffer(ti_ini_kind kind, ti_buffer *text, const char *name, ti_ini **ini, ticker_error *error)
{
    ti_ini *new = calloc(1, sizeof(*new));
    reader self = {.ini = new, .kind = kind, .error = error};
    ticker_status status;

    if (new == NULL) {
        ti_secret_wipe(text);
        return ti_fail_memory(error);
    }
    new->text = *text;
    status = read_lines(&self);
    if (status == TICKER_OK) {
        *ini = new;
        return status;
    }
    ti_error_file(error, name);
    ti_error_place(error, self.line, 0, -1);
    ti_ini_free(new);
    return status;
}

ticker_status ti_ini_read(ti_ini_kind kind, ti_slice text, const char *name, ti_ini **ini, ticker_error *error)
{
    ti_buffer copy;

    *ini = NULL;
    if (text.size > TICKER_INI_BYTES_MAX) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "is larger than %d bytes", TICKER_INI_BYTES_MAX);
        ti_error_file(error, name);
        return TICKER_FATAL;
    }
    if (!ti_secret_init(&copy, text.size) || !ti_buffer_slice(&copy, text) || ti_buffer_string(&copy) == NULL) {
        ti_secret_wipe(&copy);
        return ti_fail_memory(error);
    }
    return read_buffer(kind, &copy, name, ini, error);
}

ticker_status ti_ini_open(ti_ini_kind kind, const char *path, ti_ini **ini, ticker_error *error)
{
    ti_buffer text;
    ticker_status status;

    *ini = NULL;
    status = ti_secret_file(path, TICKER_INI_BYTES_MAX, &text, error);
    return status == TICKER_OK ? read_buffer(kind, &text, path, ini, error) : status;
}

void ti_ini_free(ti_ini *ini)
{
    if (ini == NULL)
        return;
    for (size_t i = 0; i < ini->count; i++)
        free(ini->sections[i].settings);
    free(ini->sections);
    ti_secret_wipe(&ini->text);
    free(ini);
}

bool ti_ini_has(const ti_ini *ini, ti_ini_type type, const char *name)
{
    return find_section(ini, type, name) != NULL;
}

/* Whether a setting is the one called "key" or "parent.key". */
static bool called(const setting *one, const char *key)
{
    size_t size = one->parent != NULL ? strlen(one->parent) : 0;

    if (one->parent == NULL)
        return strcmp(one->key, key) == 0;
    return strncmp(one->parent, key, size) == 0 && key[size] == '.' && strcmp(one->key, key + size + 1) == 0;
}

const char *ti_ini_value(const ti_ini *ini, ti_ini_type type, const char *name, const char *key, unsigned *line)
{
    const section *from = find_section(ini, type, name);

    for (size_t i = 0; from != NULL && i < from->count; i++)
        if (called(&from->settings[i], key)) {
            if (line != NULL)
                *line = from->settings[i].line;
            return from->settings[i].value;
        }
    return NULL;
}

const char *ti_ini_profile(const ti_ini *ini, size_t index)
{
    for (size_t i = 0; ini != NULL && i < ini->count; i++)
        if (ini->sections[i].type == TI_INI_PROFILE && index-- == 0)
            return ini->sections[i].name;
    return NULL;
}
