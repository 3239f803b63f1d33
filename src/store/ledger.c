#include "store/ledger.h"

#include "base/crc32c.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NOTE_MAGIC 0x534a4e31u        /* "SJN1" */
#define STREAMS_MAGIC 0x534a5331u     /* "SJS1" */
#define INSTRUMENTS_MAGIC 0x534a4931u /* "SJI1" */

/* The cursor's note. */
struct note {
    uint32_t magic;
    uint32_t cut_count;
    uint64_t cuts[SJ_STORE_ROUNDS];
};

struct streams_file {
    uint32_t magic;
    uint32_t crc;                            /* of what follows */
    struct sj_store_accounts generations[2]; /* where the cursor was, where it goes */
};

struct instruments_head {
    uint32_t magic;
    uint32_t crc; /* of the definitions */
    uint32_t count;
    uint32_t size; /* of one */
};

static sj_rc path_of(const struct sj_store_ledger *ledger, const char *suffix, char *ret_path)
{
    int length = snprintf(ret_path, SJ_STORE_PATH_MAX, "%s/store/%s.%s", ledger->journal_dir,
                          ledger->name, suffix);
    return length > 0 && length < SJ_STORE_PATH_MAX ? 0 : -ENAMETOOLONG;
}

struct sj_store_stream *sj_store_stream_of(struct sj_store_stream *streams, uint32_t *count,
                                           uint32_t src)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (streams[i].src == src)
            return &streams[i];
    }
    if (*count == SJ_STORE_STREAMS_MAX)
        return NULL;
    struct sj_store_stream *stream = &streams[(*count)++];
    *stream = (struct sj_store_stream){.src = src};
    return stream;
}

/* --- loading --- */

static void load_note(struct sj_store_ledger *ledger, const struct sj_journal_cursor *cursor)
{
    struct note note;
    ledger->position = cursor->position;
    ledger->event_count = cursor->event_count;
    if (cursor->note_size != sizeof(note))
        return;
    memcpy(&note, cursor->note, sizeof(note));
    if (note.magic != NOTE_MAGIC || note.cut_count > SJ_STORE_ROUNDS)
        return;
    ledger->cut_count = note.cut_count;
    memcpy(ledger->cuts, note.cuts, sizeof(ledger->cuts));
}

static sj_rc load_accounts(struct sj_store_ledger *ledger)
{
    char path[SJ_STORE_PATH_MAX];
    static struct streams_file file; /* large; loading is [init] */
    struct sj_store_bytes bytes = {0};
    sj_rc rc = path_of(ledger, "streams", path);
    if (rc == 0)
        rc = sj_store_file_read(path, sizeof(file), &bytes);
    bool is_whole = rc == 0 && bytes.size == sizeof(file);
    if (is_whole) {
        memcpy(&file, bytes.data, sizeof(file));
        is_whole = file.magic == STREAMS_MAGIC &&
                   file.crc == sj_crc32c(0, file.generations, sizeof(file.generations));
    }
    sj_store_bytes_done(&bytes);
    for (uint32_t i = 0; is_whole && i < 2; i++) {
        const struct sj_store_accounts *accounts = &file.generations[i];
        if (accounts->position == ledger->position &&
            accounts->stream_count <= SJ_STORE_STREAMS_MAX) {
            ledger->accounts = *accounts;
            return 0;
        }
    }
    ledger->were_accounts_lost = ledger->position > 0;
    ledger->accounts.position = ledger->position;
    return rc == -ENOENT || rc == -SJ_E_RANGE || rc == -SJ_E_CORRUPT ? 0 : rc;
}

/* Takes definitions from the file. False where it does not hold them whole. */
static bool take_definitions(const struct sj_store_bytes *bytes, struct sj_store_symbols *symbols)
{
    struct instruments_head head;
    if (bytes->size < sizeof(head))
        return false;
    memcpy(&head, bytes->data, sizeof(head));
    const uint8_t *at = bytes->data + sizeof(head);
    size_t size = bytes->size - sizeof(head);
    if (head.magic != INSTRUMENTS_MAGIC || head.size != sizeof(struct sj_instrument) ||
        size != (uint64_t)head.count * head.size || head.crc != sj_crc32c(0, at, size))
        return false;
    for (uint32_t i = 0; i < head.count; i++) {
        struct sj_instrument definition;
        memcpy(&definition, at + (size_t)i * sizeof(definition), sizeof(definition));
        if (sj_store_symbols_put(symbols, &definition) < 0)
            return false;
    }
    return true;
}

sj_rc sj_store_ledger_load(struct sj_store_ledger *ledger, const char *journal_dir,
                           const char *name, struct sj_store_symbols *symbols)
{
    char path[SJ_STORE_PATH_MAX];
    struct sj_journal_cursor cursor;
    memset(ledger, 0, sizeof(*ledger));
    if (strlen(journal_dir) + 64 > sizeof(ledger->journal_dir) ||
        strlen(name) >= sizeof(ledger->name))
        return -ENAMETOOLONG;
    snprintf(ledger->journal_dir, sizeof(ledger->journal_dir), "%s", journal_dir);
    snprintf(ledger->name, sizeof(ledger->name), "%s", name);
    snprintf(path, sizeof(path), "%s/store", journal_dir);
    if (mkdir(path, 0750) < 0 && errno != EEXIST)
        return -errno;
    sj_rc rc = sj_journal_cursor_load(journal_dir, name, &cursor);
    if (rc < 0)
        return rc;
    load_note(ledger, &cursor);
    rc = load_accounts(ledger);
    if (rc < 0 || ledger->position == 0)
        return rc;
    struct sj_store_bytes bytes = {0};
    rc = path_of(ledger, "instruments", path);
    if (rc == 0)
        rc = sj_store_file_read(path, 64u << 20, &bytes);
    bool is_taken = rc == 0 && take_definitions(&bytes, symbols);
    sj_store_bytes_done(&bytes);
    ledger->saved_change_count = is_taken ? symbols->change_count : 0;
    return is_taken ? 0 : 1;
}

/* --- saving --- */

static sj_rc save_cursor(const struct sj_store_ledger *ledger)
{
    struct note note = {.magic = NOTE_MAGIC, .cut_count = ledger->cut_count};
    memcpy(note.cuts, ledger->cuts, sizeof(note.cuts));
    struct sj_journal_cursor cursor = {
        .position = ledger->position,
        .event_count = ledger->event_count,
        .note_size = sizeof(note),
    };
    memcpy(cursor.note, &note, sizeof(note));
    return sj_journal_cursor_save(ledger->journal_dir, ledger->name, &cursor);
}

sj_rc sj_store_ledger_save_cuts(struct sj_store_ledger *ledger)
{
    return save_cursor(ledger);
}

static sj_rc save_accounts(const struct sj_store_ledger *ledger,
                           const struct sj_store_accounts *accounts)
{
    char path[SJ_STORE_PATH_MAX];
    static _Thread_local struct streams_file file; /* large for a stack */
    memset(&file, 0, sizeof(file));
    file.magic = STREAMS_MAGIC;
    file.generations[0] = ledger->accounts;
    file.generations[1] = *accounts;
    file.crc = sj_crc32c(0, file.generations, sizeof(file.generations));
    sj_rc rc = path_of(ledger, "streams", path);
    return rc < 0 ? rc : sj_store_file_replace(path, &file, sizeof(file));
}

static sj_rc save_definitions(struct sj_store_ledger *ledger,
                              const struct sj_store_symbols *symbols)
{
    if (symbols->change_count == ledger->saved_change_count)
        return 0;
    char path[SJ_STORE_PATH_MAX];
    struct sj_store_bytes bytes = {0};
    struct instruments_head head = {.magic = INSTRUMENTS_MAGIC,
                                    .size = sizeof(struct sj_instrument)};
    sj_rc rc = sj_store_bytes_append(&bytes, &head, sizeof(head));
    for (uint32_t id = 1; rc == 0 && id < symbols->count; id++) {
        if (symbols->cells[id].known == 0)
            continue;
        rc = sj_store_bytes_append(&bytes, &symbols->definitions[id], sizeof(struct sj_instrument));
        head.count++;
    }
    if (rc == 0) {
        head.crc = sj_crc32c(0, bytes.data + sizeof(head), bytes.size - sizeof(head));
        memcpy(bytes.data, &head, sizeof(head));
        rc = path_of(ledger, "instruments", path);
    }
    if (rc == 0)
        rc = sj_store_file_replace(path, bytes.data, bytes.size);
    if (rc == 0)
        ledger->saved_change_count = symbols->change_count;
    sj_store_bytes_done(&bytes);
    return rc;
}

sj_rc sj_store_ledger_advance(struct sj_store_ledger *ledger,
                              const struct sj_store_accounts *accounts, uint64_t event_count,
                              const struct sj_store_symbols *symbols)
{
    sj_rc rc = save_definitions(ledger, symbols);
    if (rc == 0)
        rc = save_accounts(ledger, accounts);
    if (rc < 0)
        return rc;
    struct sj_store_ledger next = *ledger;
    next.position = accounts->position;
    next.event_count = event_count;
    next.accounts = *accounts;
    for (uint32_t i = 1; i < next.cut_count; i++)
        next.cuts[i - 1] = next.cuts[i];
    next.cut_count -= next.cut_count > 0;
    rc = save_cursor(&next);
    if (rc == 0)
        *ledger = next;
    return rc;
}
