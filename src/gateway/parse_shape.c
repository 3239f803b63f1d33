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

/* Where a run of a shape stands. */
struct run {
    struct sj_parse *parse;
    const char *json;
    char *frame;
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
    if (size > SJ_CODE_MAX || at[size - 1] == '\0')
        return false;
    run->instrument = sj_instruments_find_key(run->parse->table, sj_code_key_of_padded(at, size));
    return run->instrument != 0;
}

static bool run_date(struct run *run, const char *at, size_t size)
{
    struct sj_parse *parse = run->parse;
    uint64_t first, known_first;
    uint16_t last, known_last;
    memcpy(&first, at, sizeof(first));
    memcpy(&last, at + 8, sizeof(last));
    memcpy(&known_first, parse->date, sizeof(known_first));
    memcpy(&known_last, parse->date + 8, sizeof(known_last));
    if (__builtin_expect(size != 10 || first != known_first || last != known_last, 0))
        return sj_parse_date(parse, at, size, &run->date_ns);
    run->date_ns = parse->date_ns;
    return true;
}

static bool run_time(struct run *run, const char *at, size_t size)
{
    if (__builtin_expect(size == 15, 1))
        return time_quick(at, &run->time_ns);
    return sj_parse_time(at, size, &run->time_ns);
}

static inline bool run_integer(uint8_t store, const char *at, const char *end, void *to)
{
    int64_t value;
    return integer_quick(at, end, &value) && store_integer(store, value, to);
}

static inline bool run_e6(const char *at, const char *end, void *to)
{
    int64_t e6;
    if (!decimal_quick(at, end, &e6))
        return false;
    memcpy(to, &e6, sizeof(e6));
    return true;
}

/* Reads the value in [at, end). */
static inline bool run_value(struct run *run, const struct step *step, const char *at,
                             const char *end)
{
    char *base = step->closing ? (char *)&run->parse->closing : run->frame;
    void *to = base + step->offset;
    size_t size = (size_t)(end - at);
    switch (step->store) {
    case STORE_E6:
        return run_e6(at, end, to);
    case STORE_U32:
        return run_integer(STORE_U32, at, end, to);
    case STORE_I64:
        return run_integer(STORE_I64, at, end, to);
    case STORE_I32:
        return run_integer(STORE_I32, at, end, to);
    case STORE_TICK_TYPE:
        return run_integer(STORE_TICK_TYPE, at, end, to);
    case STORE_U8:
        return run_integer(STORE_U8, at, end, to);
    case STORE_CODE:
        return run_code(run, at, size);
    case STORE_DATE:
        return run_date(run, at, size);
    case STORE_TIME:
        return run_time(run, at, size);
    case STORE_FLAG:
        return run_flag(run, step, at, size);
    case STEP_STRING:
        return scan_string(at, end) == end;
    case STEP_NUMBER:
        return sj_parse_number_valid(at, size);
    default:
        return false;
    }
}

/* Runs the steps over the payload; true if all of it fitted. */
static bool run_steps(struct run *run, const struct shape *shape, const uint16_t *marks,
                      size_t size)
{
    const char *json = run->json;
    size_t at = 0;
    const uint16_t *mark = marks;
    for (const struct step *step = shape->steps;; step++) {
        if (__builtin_expect(!literal_fits(step, json + at), 0))
            return false;
        at += step->literal_size;
        mark += step->marks;
        if (step->store == STEP_END)
            return at == size;
        if (step->store == STEP_LITERAL) {
            if (at > size)
                return false;
            continue;
        }
        size_t end = (size_t)*mark - step->tail;
        if (__builtin_expect(end - at - 1 >= SJ_PARSE_SIZE_MAX, 0))
            return false;
        if (__builtin_expect(!run_value(run, step, json + at, json + end), 0))
            return false;
        at = end;
    }
}

static bool run_shape(struct sj_parse *parse, const struct shape *shape, const uint16_t *marks,
                      const char *json, size_t size, void *frame)
{
    struct run run = {.parse = parse, .json = json, .frame = frame};
    memcpy(frame, shape->frame, shape->frame_size);
    if (shape->has_closing)
        parse->closing = shape->closing;
    if (!run_steps(&run, shape, marks, size))
        return false;
    struct sj_frame *head = frame;
    head->instrument = run.instrument;
    head->flags = run.flags;
    head->exch_ns = run.date_ns + run.time_ns;
    parse->has_closing = shape->has_closing;
    parse->counts.unknown_fields += shape->unknown_fields;
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
        step->literal_mask = size == LITERAL_SIZE ? UINT32_MAX : (1U << size) - 1;
        memcpy(step->literal, making->at, size);
        for (size_t i = 0; i < size; i++)
            step->marks += making->at[i] == ',';
        making->mark += step->marks;
        making->at += size;
        making->fixed += size;
        if (size == left) {
            step->store = store;
            return step;
        }
    }
}

static bool is_number_store(uint8_t store)
{
    return store == STORE_E6 || store == STORE_I64 || store == STORE_U32 || store == STORE_U8 ||
           store == STORE_I32 || store == STORE_TICK_TYPE;
}

static bool add_value(struct making *making, const struct record *record)
{
    struct step *step = add_literal(making, record->start, record->target.store);
    if (!step)
        return false;
    size_t end = (size_t)(record->end - making->json);
    size_t comma = making->marks[making->mark];
    if (comma < end || comma - end > UINT8_MAX || record->end == record->start)
        return false;
    if (is_number_store(record->target.store) && making->fixed + 1 < NUMBER_LOOKBEHIND)
        return false;
    step->tail = (uint8_t)(comma - end);
    step->offset = record->target.offset;
    step->closing = record->target.closing;
    making->at = record->end;
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
