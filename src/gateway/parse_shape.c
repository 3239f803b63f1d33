/*
 * The fast path: a payload of a known shape is its literals and, between commas, its values.
 *
 * All commas of a payload are found first; where a value ends is then known without looking at it,
 * and the values can be read side by side. Whatever does not fit (another literal, a number that is
 * not usual) leaves the payload to the general path. A shape matches byte for byte everything of
 * the payload that is no value, and a value is taken only if the general path would take it alike.
 */
#include "gateway/parse_impl.h"
#include "gateway/parse_number.h"
#include "gateway/parse_scan.h"

#include "event/code_key.h"

#define CREDIT_MAX 2048
#define CREDIT_LEARN 128
#define CREDIT_HIT 16
#define MISSES_BEFORE_REST 64

/* What a run of a shape has read beside the frame's own fields. */
struct run {
    struct sj_parse *parse;
    int64_t date_ns;
    int64_t time_ns;
    uint32_t flags;
    uint32_t instrument;
};

static inline bool literal_fits(const struct step *step, const char *at)
{
#ifdef __AVX2__
    __m256i bytes = _mm256_loadu_si256((const __m256i *)at);
    __m256i literal = _mm256_loadu_si256((const __m256i *)step->literal);
    uint32_t equal = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, literal));
    return (~equal & step->literal_mask) == 0;
#else
    return memcmp(at, step->literal, step->literal_size) == 0;
#endif
}

static bool run_flag(struct run *run, const struct step *step, const char *at, size_t size)
{
    uint32_t word;
    memcpy(&word, at + (size == 5), sizeof(word));
    uint32_t wanted = size == 5 ? 0x65736c61 /* "alse" */ : 0x65757274 /* "true" */;
    if (word != wanted || size < 4 || size > 5 || (size == 5 && *at != 'f'))
        return false;
    run->flags |= size == 4 ? step->offset : 0;
    return true;
}

static bool run_code(struct run *run, const char *at, size_t size)
{
    if (size - 1 >= SJ_CODE_MAX || at[size - 1] == '\0')
        return false;
    run->instrument = sj_instruments_find_key(run->parse->table, sj_code_key_of_padded(at, size));
    return run->instrument != 0;
}

static bool run_date(struct run *run, const char *at, size_t size)
{
    struct sj_parse *parse = run->parse;
    uint64_t first, known_first;
    uint16_t last, known_last;
    if (__builtin_expect(size != 10, 0))
        return size < sizeof(parse->date) && sj_parse_date(parse, at, size, &run->date_ns);
    memcpy(&first, at, sizeof(first));
    memcpy(&last, at + 8, sizeof(last));
    memcpy(&known_first, parse->date, sizeof(known_first));
    memcpy(&known_last, parse->date + 8, sizeof(known_last));
    if (__builtin_expect(first != known_first || last != known_last, 0))
        return sj_parse_date(parse, at, size, &run->date_ns);
    run->date_ns = parse->date_ns;
    return true;
}

static bool run_time(struct run *run, const char *at, size_t size)
{
    if (__builtin_expect(size == 15, 1))
        return time_quick(at, &run->time_ns);
    return size <= SJ_PARSE_SIZE_MAX && sj_parse_time(at, size, &run->time_ns);
}

/* What the quick ways leave: long, with an exponent, rounded, or none at all. */
__attribute__((noinline, cold)) static bool run_e6_rare(struct run *run, const char *at,
                                                        size_t size, void *to)
{
    int64_t e6;
    bool rounded;
    if (size > SJ_PARSE_SIZE_MAX || sj_parse_decimal(at, size, &e6, &rounded) != SJ_PARSE_NONE)
        return false;
    memcpy(to, &e6, sizeof(e6));
    run->flags |= rounded ? SJ_FLAG_ROUNDED : 0;
    return true;
}

__attribute__((noinline, cold)) static bool run_integer_rare(uint8_t store, const char *at,
                                                             size_t size, void *to)
{
    int64_t value;
    return size <= SJ_PARSE_SIZE_MAX && sj_parse_integer(at, size, &value) == SJ_PARSE_NONE &&
           store_integer(store, value, to);
}

static inline bool run_e6(struct run *run, const char *at, const char *end, void *to)
{
    int64_t e6;
    if (__builtin_expect(!decimal_quick(at, end, &e6), 0))
        return run_e6_rare(run, at, (size_t)(end - at), to);
    memcpy(to, &e6, sizeof(e6));
    return true;
}

static inline bool run_u32(const char *at, size_t size, void *to)
{
    uint32_t value;
    if (__builtin_expect(!natural_quick(at, size, &value), 0))
        return run_integer_rare(STORE_U32, at, size, to);
    memcpy(to, &value, sizeof(value));
    return true;
}

static inline bool run_i64(const char *at, size_t size, void *to)
{
    uint32_t natural;
    if (__builtin_expect(!natural_quick(at, size, &natural), 0))
        return run_integer_rare(STORE_I64, at, size, to);
    int64_t value = natural;
    memcpy(to, &value, sizeof(value));
    return true;
}

static inline bool run_i32(const char *at, size_t size, void *to)
{
    uint32_t natural;
    bool negative = *at == '-';
    if (__builtin_expect(!natural_quick(at + negative, size - negative, &natural), 0))
        return run_integer_rare(STORE_I32, at, size, to);
    int32_t value = negative ? -(int32_t)natural : (int32_t)natural;
    memcpy(to, &value, sizeof(value));
    return true;
}

static inline bool run_u8(uint8_t store, const char *at, size_t size, void *to)
{
    uint8_t digit = (uint8_t)(*at - '0');
    if (__builtin_expect(size != 1 || digit > (store == STORE_U8 ? 9 : SJ_TICK_SELL), 0))
        return run_integer_rare(store, at, size, to);
    *(uint8_t *)to = digit;
    return true;
}

/* Where element `i` of an array ends. */
static inline const char *element_end(const struct step *step, const char *json,
                                      const uint16_t *marks, uint32_t i)
{
    uint32_t last = i + 1 == step->count;
    return json + marks[step->mark + i] - (last ? step->tail : step->apart / 2);
}

/* Whether behind an element there is `","`: the comma is, if the first quote is in its place. */
static inline bool quotes_fit(const char *end)
{
    uint32_t bytes;
    memcpy(&bytes, end, sizeof(bytes));
    return (bytes & 0xffffff) == 0x222c22;
}

static inline bool run_e6s(struct run *run, const struct step *step, const char *json,
                           const uint16_t *marks, const char *at, int64_t *to)
{
    for (uint32_t i = 0; i < step->count; i++) {
        const char *end = element_end(step, json, marks, i);
        if (__builtin_expect(!run_e6(run, at, end, to + i), 0))
            return false;
        if (__builtin_expect(step->apart == 3 && i + 1 < step->count && !quotes_fit(end), 0))
            return false;
        at = end + step->apart;
    }
    return true;
}

static inline bool run_u32s(const struct step *step, const char *json, const uint16_t *marks,
                            const char *at, uint32_t *to)
{
    for (uint32_t i = 0; i < step->count; i++) {
        const char *end = element_end(step, json, marks, i);
        if (__builtin_expect(!run_u32(at, (size_t)(end - at), to + i), 0))
            return false;
        at = end + 1;
    }
    return true;
}

static inline bool run_i32s(const struct step *step, const char *json, const uint16_t *marks,
                            const char *at, int32_t *to)
{
    for (uint32_t i = 0; i < step->count; i++) {
        const char *end = element_end(step, json, marks, i);
        if (__builtin_expect(!run_i32(at, (size_t)(end - at), to + i), 0))
            return false;
        at = end + 1;
    }
    return true;
}

/* Fields that are rare, or read once in a payload. */
static bool run_other(struct run *run, const struct step *step, const char *at, size_t size)
{
    char *closing = (char *)&run->parse->closing + step->offset;
    switch (step->store) {
    case STORE_CODE:
        return run_code(run, at, size);
    case STORE_DATE:
        return run_date(run, at, size);
    case STORE_TIME:
        return run_time(run, at, size);
    case STEP_CLOSING_E6:
        return run_e6(run, at, at + size, closing);
    case STEP_CLOSING_I64:
        return run_i64(at, size, closing);
    case STEP_STRING:
        return size <= SJ_PARSE_SIZE_MAX && scan_string(at, at + size) == at + size;
    default:
        return size <= SJ_PARSE_SIZE_MAX && sj_parse_number_valid(at, size);
    }
}

/* Runs the steps over the payload; true if all of it fitted. Start and end of a value may be any
 * two places within the payload: whatever reads one checks its size first. */
static bool run_steps(struct run *run, const struct step *step, const char *json,
                      const uint16_t *marks, const char *json_end, char *frame)
{
    const char *at = json;
    for (;; step++) {
        if (__builtin_expect(!literal_fits(step, at), 0))
            return false;
        at += step->literal_size;
        uint32_t last = step->mark_last;
        const char *end = json + marks[last] - step->tail;
        size_t size = (size_t)(end - at);
        void *to = frame + step->offset;
        bool fits;
        switch (step->store) {
        case STORE_E6:
            fits = run_e6(run, at, end, to);
            break;
        case STORE_U32:
            fits = run_u32(at, size, to);
            break;
        case STORE_I64:
            fits = run_i64(at, size, to);
            break;
        case STORE_TICK_TYPE:
        case STORE_U8:
            fits = run_u8(step->store, at, size, to);
            break;
        case STORE_FLAG:
            fits = run_flag(run, step, at, size);
            break;
        case STEP_E6S:
            fits = run_e6s(run, step, json, marks, at, to);
            break;
        case STEP_U32S:
            fits = run_u32s(step, json, marks, at, to);
            break;
        case STEP_I32S:
            fits = run_i32s(step, json, marks, at, to);
            break;
        case STEP_LITERAL:
            fits = at <= json_end;
            end = at;
            break;
        case STEP_END:
            return at == json_end;
        default:
            fits = run_other(run, step, at, size);
        }
        if (__builtin_expect(!fits, 0))
            return false;
        at = end;
    }
}

static inline void copy_frame(void *to, const void *from, size_t size)
{
#ifdef __AVX2__
    for (size_t at = 0; at < size; at += SJ_FRAME_UNIT)
        _mm256_storeu_si256((__m256i *)((char *)to + at),
                            _mm256_loadu_si256((const __m256i *)((const char *)from + at)));
#else
    memcpy(to, from, size);
#endif
}

static bool run_shape(struct sj_parse *parse, const struct shape *shape, const uint16_t *marks,
                      const char *json, size_t size, void *frame)
{
    struct run run = {.parse = parse};
    copy_frame(frame, shape->frame, shape->frame_size);
    if (shape->has_closing)
        parse->closing = shape->closing;
    if (!run_steps(&run, shape->steps, json, marks, json + size, frame))
        return false;
    struct sj_frame *head = frame;
    head->instrument = run.instrument;
    head->flags = run.flags;
    head->exch_ns = run.date_ns + run.time_ns;
    parse->has_closing = shape->has_closing;
    parse->counts.unknown_fields += shape->unknown_fields;
    parse->counts.rounded += (run.flags & SJ_FLAG_ROUNDED) != 0;
    return true;
}

static void move_to_front(struct shape_list *list, uint32_t at)
{
    struct shape *shape = list->shapes[at];
    memmove(&list->shapes[1], &list->shapes[0], at * sizeof(list->shapes[0]));
    list->shapes[0] = shape;
}

bool sj_parse_fast(struct sj_parse *parse, enum sj_channel channel, const char *json, size_t size,
                   void *frame)
{
    struct shape_list *list = &parse->lists[channel];
    uint16_t marks[MARKS_MAX + 9];
    /* While nothing fits, only some payloads are tried. */
    if (list->count == 0 || (list->misses > MISSES_BEFORE_REST && (list->misses & 7) != 0))
        return false;
    uint32_t mark_count = scan_commas(json, size, MARKS_MAX, marks);
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->shapes[i]->mark_count != mark_count)
            continue;
        if (!run_shape(parse, list->shapes[i], marks, json, size, frame))
            continue;
        if (i > 0)
            move_to_front(list, i);
        list->misses = 0;
        list->credit = list->credit < CREDIT_MAX ? list->credit + CREDIT_HIT : CREDIT_MAX;
        return true;
    }
    return false;
}

bool sj_parse_worth_learning(struct shape_list *list)
{
    list->misses++;
    list->credit++;
    if (list->credit < CREDIT_LEARN)
        return false;
    list->credit -= CREDIT_LEARN;
    return true;
}

/* What is known while a shape is being made. */
struct making {
    struct shape *shape;
    const char *at; /* behind the last value */
    uint32_t mark;  /* commas before it */
    size_t fixed;   /* bytes of the literals so far: no value begins before */
    const uint16_t *marks;
    const char *json;
    struct step *last; /* the last one, if it reads elements of an array */
    uint8_t last_store;
};

/* Adds the literal [making->at, end) as steps, the last of which has the store given. */
static struct step *add_literal(struct making *making, const char *end, uint8_t store)
{
    struct shape *shape = making->shape;
    for (;;) {
        if (shape->step_count == STEPS_MAX)
            return NULL;
        struct step *step = &shape->steps[shape->step_count++];
        size_t left = (size_t)(end - making->at);
        size_t size = left < LITERAL_SIZE ? left : LITERAL_SIZE;
        *step = (struct step){.literal_size = (uint8_t)size, .store = STEP_LITERAL};
        making->last = NULL;
        step->literal_mask = size == LITERAL_SIZE ? UINT32_MAX : (1U << size) - 1;
        memcpy(step->literal, making->at, size);
        for (size_t i = 0; i < size; i++)
            making->mark += making->at[i] == ',';
        making->at += size;
        making->fixed += size;
        if (size == left) {
            step->store = store;
            return step;
        }
    }
}

/* The comma behind the value of a record, at most a byte's worth behind; false: it is not there. */
static bool find_tail(const struct making *making, const struct record *record, uint8_t *ret_tail)
{
    size_t end = (size_t)(record->end - making->json);
    /* marks[mark_count] is the text's end; behind it nothing is known. */
    if (making->mark > making->shape->mark_count)
        return false;
    size_t comma = making->marks[making->mark];
    if (comma < end || comma - end > UINT8_MAX || record->end == record->start)
        return false;
    *ret_tail = (uint8_t)(comma - end);
    return true;
}

static uint8_t array_store(uint8_t store)
{
    return store == STORE_E6 ? STEP_E6S : store == STORE_U32 ? STEP_U32S : STEP_I32S;
}

/* Whether the record is the next element of the array that the last step reads; if so adds it. */
static bool add_element(struct making *making, const struct record *record)
{
    struct step *step = making->last;
    size_t apart = (size_t)(record->start - making->at);
    bool packed =
        (apart == 1 && *making->at == ',') ||
        (apart == 3 && memcmp(making->at, "\",\"", 3) == 0 && record->target.store == STORE_E6);
    if (!step || !packed || !record->target.element || record->target.store != making->last_store ||
        (step->count > 1 && step->apart != apart))
        return false;
    size_t width = record->target.store == STORE_E6 ? sizeof(int64_t) : sizeof(int32_t);
    if (record->target.offset != step->offset + width * step->count)
        return false;
    making->mark++;
    if (!find_tail(making, record, &step->tail))
        return false;
    step->store = array_store(record->target.store);
    step->apart = (uint8_t)apart;
    step->count++;
    step->mark_last = (uint16_t)making->mark;
    making->at = record->end;
    return true;
}

static bool add_value(struct making *making, const struct record *record)
{
    uint8_t store = record->target.store;
    if (add_element(making, record))
        return true;
    if (store == STORE_I32)
        store = STEP_I32S;
    if (record->target.closing)
        store = store == STORE_E6 ? STEP_CLOSING_E6 : STEP_CLOSING_I64;
    struct step *step = add_literal(making, record->start, store);
    if (!step || !find_tail(making, record, &step->tail))
        return false;
    if (record->target.store == STORE_E6 && making->fixed + 1 < NUMBER_LOOKBEHIND)
        return false;
    step->mark = (uint16_t)making->mark;
    step->mark_last = step->mark;
    step->count = 1;
    step->apart = 1;
    step->offset = record->target.offset;
    making->at = record->end;
    making->last = record->target.element ? step : NULL;
    making->last_store = record->target.store;
    return true;
}

static bool make_steps(struct sj_parse *parse, struct shape *shape, const char *json, size_t size)
{
    uint16_t marks[MARKS_MAX + 9];
    struct making making = {.shape = shape, .at = json, .marks = marks, .json = json};
    shape->mark_count = scan_commas(json, size, MARKS_MAX, marks);
    shape->step_count = 0;
    if (shape->mark_count == UINT32_MAX)
        return false;
    for (uint32_t i = 0; i < parse->record_count; i++)
        if (!add_value(&making, &parse->records[i]))
            return false;
    return add_literal(&making, json + size, STEP_END) != NULL;
}

void sj_parse_learn(struct sj_parse *parse, enum sj_channel channel, const char *json, size_t size,
                    const void *frame)
{
    struct shape_list *list = &parse->lists[channel];
    if (parse->record_count == UINT32_MAX)
        return;
    /* The place of the shape longest not used. */
    bool full = list->count == SHAPES_MAX;
    uint32_t last = full ? SHAPES_MAX - 1 : list->count;
    struct shape *shape = list->shapes[last];
    if (!make_steps(parse, shape, json, size)) {
        shape->mark_count = 0;
        return;
    }
    shape->frame_size = sj_parse_messages[channel].size;
    memcpy(shape->frame, frame, shape->frame_size);
    shape->closing = parse->closing;
    shape->has_closing = parse->has_closing;
    shape->unknown_fields = parse->record_unknown_fields;
    list->count += !full;
    move_to_front(list, last);
}
