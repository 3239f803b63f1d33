#include "journal/support.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/event.h"

#define INSTRUMENTS 50

void dir_create(char *path, size_t size)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, size, "%s/shijim-journal-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(1);
    }
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat, (void)flag, (void)ftw;
    return remove(path);
}

void dir_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int dir_setup(void **state)
{
    char *dir = malloc(256);
    dir_create(dir, 256);
    *state = dir;
    return 0;
}

int dir_teardown(void **state)
{
    dir_remove(*state);
    free(*state);
    return 0;
}

void dir_copy(const char *from, const char *to)
{
    char command[1024];
    snprintf(command, sizeof(command), "rm -rf '%s' && cp -r --sparse=always '%s' '%s'", to, from,
             to);
    if (system(command) != 0) /* NOLINT(cert-env33-c): our own paths */
        exit(1);
}

struct sj_journal_options small_options(const char *dir)
{
    return (struct sj_journal_options){
        .dir = dir, .segment_size = SMALL_SEGMENT, .buffer_size = SMALL_BUFFER, .reserve_size = 1};
}

static uint64_t mix(uint32_t src, uint64_t seq)
{
    uint64_t state = (uint64_t)src << 48 ^ seq;
    return sj_test_random(&state);
}

static uint32_t event_make(uint8_t *at, uint32_t src, uint64_t seq)
{
    uint64_t value = mix(src, seq);
    bool is_trade = value % 10 < 4;
    size_t size = is_trade ? sizeof(struct sj_trade) : sizeof(struct sj_book);
    memset(at, (int)(value >> 56), size);
    sj_frame_head(at, is_trade ? SJ_EVENT_TRADE : SJ_EVENT_BOOK, size);
    struct sj_trade *trade = (void *)at; /* the fields set here are where a book has them, too */
    trade->seq = seq;
    trade->instrument = (uint32_t)(value >> 8) % INSTRUMENTS + 1;
    trade->flags = 0;
    trade->exch_ns = (int64_t)(seq * 1000);
    trade->recv_ns = (int64_t)(seq * 1000 + 7);
    trade->price_e6 = (int64_t)(value >> 16);
    return (uint32_t)size;
}

size_t events_make(uint8_t *buffer, uint32_t src, uint64_t first_seq, uint32_t count)
{
    uint8_t *at = buffer;
    for (uint32_t i = 0; i < count; i++)
        at += event_make(at, src, first_seq + i);
    return (size_t)(at - buffer);
}

struct sj_instrument definition_make(uint32_t instrument, uint64_t seq)
{
    struct sj_instrument frame = {0};
    sj_frame_head(&frame, SJ_EVENT_INSTRUMENT, sizeof(frame));
    frame.seq = seq;
    frame.instrument = instrument;
    snprintf(frame.code, sizeof(frame.code), "C%u", instrument);
    return frame;
}

void append_events(struct sj_journal *journal, uint32_t src, uint64_t first_seq, uint32_t count,
                   uint32_t run)
{
    _Alignas(8) static uint8_t buffer[EVENTS_SIZE_MAX(256)];
    assert_true(run <= 256);
    for (uint32_t done = 0; done < count; done += run) {
        uint32_t now = count - done < run ? count - done : run;
        size_t size = events_make(buffer, src, first_seq + done, now);
        assert_int_equal(sj_journal_append(journal, src, buffer, size, now), 0);
    }
}

static void account_span(struct account *account, const struct sj_journal_span *span)
{
    _Alignas(8) uint8_t expected[SJ_EVENT_SIZE_MAX];
    uint32_t src = span->src;
    uint64_t seq = span->first_seq;
    if (span->repeat) {
        account->repeat_count += span->count;
        return;
    }
    if (account->first_seq[src] == 0)
        account->first_seq[src] = seq;
    else if (seq > account->last_seq[src] + 1)
        account->missing += seq - account->last_seq[src] - 1;
    else if (seq <= account->last_seq[src])
        account->wrong = true;
    for (const uint8_t *at = span->begin; at < span->end; at += sj_frame_size(at), seq++) {
        const struct sj_frame *frame = (const void *)at;
        if (frame->template_id == SJ_EVENT_INSTRUMENT)
            continue;
        uint32_t size = event_make(expected, src, seq);
        if (frame->seq != seq || sj_frame_size(at) != size || memcmp(at, expected, size) != 0)
            account->wrong = true;
    }
    if (seq != span->first_seq + span->count)
        account->wrong = true;
    account->last_seq[src] = seq - 1;
    account->per_source[src] += span->count;
    account->count += span->count;
    account->next_position = span->next_position;
}

uint64_t read_all(struct sj_journal_reader *reader, struct account *account)
{
    struct sj_journal_span span;
    uint64_t spans = 0;
    for (sj_rc rc; (rc = sj_journal_read(reader, &span)) != 0; spans++) {
        if (rc == -SJ_E_CORRUPT) {
            struct sj_journal_damage damage;
            sj_journal_reader_damage(reader, &damage);
            account->damage_count++;
            if (getenv("SHIJIM_TEST_VERBOSE") != NULL)
                fprintf(stderr, "# damage at %llu, %llu bytes of %s: %s\n",
                        (unsigned long long)damage.position, (unsigned long long)damage.size,
                        damage.file, damage.text);
            for (uint32_t i = 0; i < damage.lost_count && i < SJ_JOURNAL_DAMAGE_LOST_MAX; i++)
                account->damage_lost += damage.lost[i].last_seq - damage.lost[i].first_seq + 1;
            continue;
        }
        if (rc < 0) {
            fprintf(stderr, "read: %s\n", sj_rc_text(rc));
            account->wrong = true;
            return spans;
        }
        account_span(account, &span);
    }
    return spans;
}

void read_journal(const char *dir, struct account *account)
{
    struct sj_journal_reader *reader;
    struct sj_journal_reader_options options = {.dir = dir, .repeats = true};
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    memset(account, 0, sizeof(*account));
    read_all(reader, account);
    sj_journal_reader_close(reader);
}
