/*
 * The fast path's run: a payload of a known shape is its literals and, between commas, its values.
 *
 * The commas are found first; a value is then known by its comma's number, and literals and numbers
 * are read side by side: numbers of up to eight bytes four at a time (a lane each), whatever they
 * are, others one by one. Nothing branches on what a value is; what does not fit is noted and
 * looked at once, at the end. What the lanes leave is read carefully, number by number; what that
 * leaves, or another literal, is the general path's. A value is taken only if the general path
 * would take it alike.
 */
#include "gateway/parse_impl.h"
#include "gateway/parse_lanes.h"
#include "gateway/parse_number.h"

#include "event/code_key.h"

/* What a run has read beside the fields it has stored. */
struct run {
    struct sj_parse *parse;
    const struct shape *shape;
    const char *json;
    const int32_t *starts; /* of values, by their commas */
    const int32_t *ends;
    const int32_t *spares; /* bits of a lane that they leave */
    char *frame;
    int64_t exch_ns;
    uint32_t flags;
    uint32_t instrument;
};

/* A value's bytes. Its size is nonsense (and large) if it would end before it starts; whoever reads
 * one checks that first. */
struct text {
    const char *at;
    size_t size;
};

static inline struct text value_text(const struct run *run, uint32_t mark)
{
    int32_t start = run->starts[mark];
    return (struct text){run->json + start, (size_t)((int64_t)run->ends[mark] - start)};
}

/* The compiler makes two or four of it where vectors are smaller. */
typedef int32_t place_vector __attribute__((vector_size(64)));

static inline void find_values(const struct shape *shape, const int32_t *marks, int32_t *starts,
                               int32_t *ends, int32_t *spares)
{
    place_vector before = {0};
    for (uint32_t mark = 0; mark <= shape->last_mark + 1; mark += 16) {
        place_vector comma, head, tail;
        memcpy(&comma, &marks[mark], sizeof(comma));
        memcpy(&head, &shape->heads[mark], sizeof(head));
        memcpy(&tail, &shape->tails[mark], sizeof(tail));
        before = __builtin_shufflevector(before, comma, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
                                         26, 27, 28, 29, 30);
        place_vector start = before + head, end = comma - tail;
        place_vector spare = 64 - ((end - start) << 3);
        memcpy(&starts[mark], &start, sizeof(start));
        memcpy(&ends[mark], &end, sizeof(end));
        memcpy(&spares[mark], &spare, sizeof(spare));
        before = comma;
    }
}

/* Whether all of the literals stand where they should. */
static inline bool literals_fit(const struct literals *literals, const char *json,
                                const int32_t *ends)
{
#ifdef __AVX2__
    __m256i differ = _mm256_setzero_si256();
    for (uint32_t i = 0; i < literals->count; i++) {
        const struct literal *literal = &literals->literals[i];
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(json + ends[literals->marks[i]]));
        bytes = _mm256_xor_si256(bytes, _mm256_load_si256((const __m256i *)literal->text));
        bytes = _mm256_and_si256(bytes, _mm256_load_si256((const __m256i *)literal->mask));
        differ = _mm256_or_si256(differ, bytes);
    }
    return _mm256_testz_si256(differ, differ);
#else
    uint8_t differ = 0;
    for (uint32_t i = 0; i < literals->count; i++) {
        const struct literal *literal = &literals->literals[i];
        const uint8_t *bytes = (const uint8_t *)json + ends[literals->marks[i]];
        for (uint32_t k = 0; k < LITERAL_SIZE; k++)
            differ |= (uint8_t)((bytes[k] ^ literal->text[k]) & literal->mask[k]);
    }
    return differ == 0;
#endif
}

/* Whether there are quotes on both sides of the commas between an array's strings. */
static inline bool quotes_fit(const struct shape *shape, const char *json, const int32_t *marks)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < shape->quotes_count; i++)
        for (uint32_t k = 0; k < QUOTES; k++) {
            uint32_t bytes;
            memcpy(&bytes, json + marks[shape->quotes[i] + k] - 1, sizeof(bytes));
            differ |= bytes ^ 0x222c22;
        }
    return (differ & 0xffffff) == 0;
}

/* Moves the numbers into the message; false: one is too large for its byte. */
static inline bool move_values(const struct run *run, const int64_t *values)
{
    const uint16_t *ends = run->shape->move_ends;
    const struct move *moves = run->shape->moves, *move = moves;
    char *frame = run->frame, *closing = (char *)&run->parse->closing;
    bool fits = true;
    for (const struct move *end = moves + ends[MOVE_8]; move < end; move++)
        memcpy(frame + move->to, &values[move->from], 8);
    for (const struct move *end = moves + ends[MOVE_4]; move < end; move++)
        memcpy(frame + move->to, &values[move->from], 4);
    for (const struct move *end = moves + ends[MOVE_1]; move < end; move++) {
        fits &= values[move->from] <= move->most;
        memcpy(frame + move->to, &values[move->from], 1);
    }
    for (const struct move *end = moves + ends[MOVE_CLOSING]; move < end; move++)
        memcpy(closing + move->to, &values[move->from], 8);
    /* One by one: a load of what two stores wrote waits until both have left the processor. */
    for (const struct move *end = moves + ends[MOVE_5X8]; move < end; move++)
        for (uint32_t k = 0; k < SJ_LEVELS; k++)
            memcpy(frame + move->to + 8 * k, &values[move->from + k], 8);
    for (const struct move *end = moves + ends[MOVE_5X4]; move < end; move++)
        for (uint32_t k = 0; k < SJ_LEVELS; k++)
            memcpy(frame + move->to + 4 * k, &values[move->from + k], 4);
    return fits;
}

#if LANES > 0
/* Reads all numbers that fit lanes; false: one of them is not usual. */
static inline bool run_lanes(const struct run *run)
{
    const struct shape *shape = run->shape;
    _Alignas(64) int64_t values[MARKS_SPACE];
    struct lanes_wrong wrong = {0};
    for (uint32_t i = 0; i < shape->group_count; i++) {
        uint32_t mark = shape->groups[i];
        lane_places places = lane_places_at(&run->starts[mark]);
        lane_places spares = lane_places_at(&run->spares[mark]);
        lanes value =
            lanes_read(run->json, places, spares, lanes_at(&shape->numbers[mark]),
                       lanes_at(&shape->kinds[mark]), lanes_at(&shape->naturals[mark]), &wrong);
        memcpy(&values[mark], &value, sizeof(value));
    }
    return __builtin_expect(lanes_fine(&wrong), 1) && move_values(run, values);
}
#else
static inline bool run_lanes(const struct run *run)
{
    (void)run;
    (void)move_values;
    return false;
}
#endif

/* What the quick way leaves: long, with an exponent, rounded, or none at all. The flags that come
 * of it, or -1. (Nothing here is given the run's address: it shall stay in registers.) */
__attribute__((noinline, cold)) static int e6_rare(struct text text, void *to)
{
    int64_t e6;
    bool rounded;
    if (text.size > SJ_PARSE_SIZE_MAX ||
        sj_parse_decimal(text.at, text.size, &e6, &rounded) != SJ_PARSE_NONE)
        return -1;
    memcpy(to, &e6, sizeof(e6));
    return rounded ? SJ_FLAG_ROUNDED : 0;
}

static inline bool run_e6(struct run *run, struct text text, void *to)
{
    int64_t e6;
    if (__builtin_expect(decimal_quick(text.at, text.at + text.size, &e6), 1)) {
        memcpy(to, &e6, sizeof(e6));
        return true;
    }
    int flags = e6_rare(text, to);
    run->flags |= flags < 0 ? 0 : (uint32_t)flags;
    return flags >= 0;
}

static bool run_integer(uint8_t store, struct text text, void *to)
{
    int64_t value;
    return text.size <= SJ_PARSE_SIZE_MAX &&
           sj_parse_integer(text.at, text.size, &value) == SJ_PARSE_NONE &&
           store_integer(store, value, to);
}

/* The numbers of lanes once more, one by one. The flags that come of it, or -1. */
__attribute__((noinline, cold)) static int run_carefully(struct run run)
{
    static const uint8_t widths[MOVE_COUNT] = {8, 4, 1, 8, 8, 4};
    const struct move *moves = run.shape->moves, *move = moves;
    run.flags = 0;
    for (int kind = 0; kind < MOVE_COUNT; kind++)
        for (; move < moves + run.shape->move_ends[kind]; move++)
            for (uint32_t i = 0; i < (kind < MOVE_5X8 ? 1 : SJ_LEVELS); i++) {
                struct text text = value_text(&run, move->from + i);
                uint8_t store = run.shape->stores[move->from + i];
                char *to = kind == MOVE_CLOSING ? (char *)&run.parse->closing : run.frame;
                to += move->to + widths[kind] * i;
                if (store == STORE_E6 ? !run_e6(&run, text, to) : !run_integer(store, text, to))
                    return -1;
            }
    return (int)run.flags;
}

static inline bool run_numbers(struct run *run)
{
    if (__builtin_expect(run_lanes(run), 1))
        return true;
    int flags = run_carefully(*run);
    run->flags |= flags < 0 ? 0 : (uint32_t)flags;
    return flags >= 0;
}

static inline bool run_flag(struct run *run, uint32_t flag, struct text text)
{
    uint32_t first, last;
    memcpy(&first, text.at, sizeof(first));
    memcpy(&last, text.at + 1, sizeof(last));
    bool yes = (first == 0x65757274 /* "true" */) & (text.size == 4);
    bool no = (last == 0x65736c61 /* "alse" */) & (*text.at == 'f') & (text.size == 5);
    run->flags |= yes ? flag : 0;
    return yes | no;
}

static inline bool run_code(struct run *run, struct text text)
{
    if (text.size - 1 >= SJ_CODE_MAX || text.at[text.size - 1] == '\0')
        return false;
    struct sj_code_key key = sj_code_key_of_padded(text.at, text.size);
    run->instrument = sj_instruments_find_key(run->parse->table, key);
    return run->instrument != 0;
}

static inline bool run_date(struct run *run, struct text text)
{
    struct sj_parse *parse = run->parse;
    uint64_t first, known_first;
    uint16_t last, known_last;
    if (__builtin_expect(text.size != 10, 0))
        return false;
    memcpy(&first, text.at, sizeof(first));
    memcpy(&last, text.at + 8, sizeof(last));
    memcpy(&known_first, parse->date, sizeof(known_first));
    memcpy(&known_last, parse->date + 8, sizeof(known_last));
    int64_t date_ns = parse->date_ns;
    if (__builtin_expect(first != known_first || last != known_last, 0)) {
        int64_t other_ns;
        if (!sj_parse_date(parse, text.at, text.size, &other_ns))
            return false;
        date_ns = other_ns;
    }
    run->exch_ns += date_ns;
    return true;
}

static inline bool run_time(struct run *run, struct text text)
{
    int64_t quick_ns, time_ns;
    if (__builtin_expect(text.size == 15 && time_quick(text.at, &quick_ns), 1)) {
        run->exch_ns += quick_ns;
        return true;
    }
    if (text.size > SJ_PARSE_SIZE_MAX || !sj_parse_time(text.at, text.size, &time_ns))
        return false;
    run->exch_ns += time_ns;
    return true;
}

/* Values that no lane reads. */
static inline bool run_other(struct run *run, const struct other *other)
{
    struct text text = value_text(run, other->mark);
    void *to = run->frame + other->offset;
    switch (other->store) {
    case STORE_E6:
        return run_e6(run, text, to);
    case STEP_CLOSING_E6:
        return run_e6(run, text, (char *)&run->parse->closing + other->offset);
    case STEP_STRING:
        return text.size <= SJ_PARSE_SIZE_MAX &&
               scan_string(text.at, text.at + text.size) == text.at + text.size;
    default:
        return text.size <= SJ_PARSE_SIZE_MAX && sj_parse_number_valid(text.at, text.size);
    }
}

/* Whole units, as frames are. */
static inline void copy_frame(char *to, const char *from, size_t size)
{
    size_t at = 0;
    for (; at + 2 * SJ_FRAME_UNIT <= size; at += 2 * SJ_FRAME_UNIT)
        memcpy(to + at, from + at, 2 * SJ_FRAME_UNIT);
    if (at < size)
        memcpy(to + at, from + at, SJ_FRAME_UNIT);
}

static inline bool run_head(struct run *run)
{
    const struct shape *shape = run->shape;
    return run_code(run, value_text(run, shape->code)) &&
           run_date(run, value_text(run, shape->date)) &&
           run_time(run, value_text(run, shape->time));
}

static inline bool run_rest(struct run *run)
{
    const struct shape *shape = run->shape;
    bool fits = true;
    for (uint32_t i = 0; i < shape->flag_count; i++)
        fits &= run_flag(run, shape->flags[i].offset, value_text(run, shape->flags[i].mark));
    for (uint32_t i = 0; fits && i < shape->other_count; i++)
        fits = run_other(run, &shape->others[i]);
    return fits;
}

/* Whether a payload has as many commas as the shape, and an end as long if that never changes. */
static inline bool shape_has(const struct shape *shape, const int32_t *marks, uint32_t last_mark)
{
    return shape->last_mark == last_mark &&
           (shape->last_size == 0 || marks[last_mark + 1] - marks[last_mark] == shape->last_size);
}

static inline bool run_shape(struct sj_parse *parse, const struct shape *shape, const char *json,
                             const int32_t *marks, void *frame)
{
    _Alignas(64) int32_t starts[MARKS_SPACE], ends[MARKS_SPACE], spares[MARKS_SPACE];
    struct run run = {.parse = parse,
                      .shape = shape,
                      .json = json,
                      .starts = starts,
                      .ends = ends,
                      .spares = spares,
                      .frame = frame};
    find_values(shape, marks, starts, ends, spares);
    if (!literals_fit(&shape->literals, json, ends) || !quotes_fit(shape, json, marks) ||
        (shape->longer.count > 0 && !literals_fit(&shape->longer, json + LITERAL_SIZE, ends)))
        return false;
    copy_frame(frame, shape->frame, shape->frame_size);
    if (shape->has_closing)
        parse->closing = shape->closing;
    if (!run_head(&run) || !run_rest(&run) || !run_numbers(&run))
        return false;
    struct sj_frame *head = frame;
    head->instrument = run.instrument;
    head->flags = run.flags;
    head->exch_ns = run.exch_ns;
    parse->has_closing = shape->has_closing;
    if (__builtin_expect(shape->unknown_fields | (run.flags & SJ_FLAG_ROUNDED), 0)) {
        parse->counts.unknown_fields += shape->unknown_fields;
        parse->counts.rounded += (run.flags & SJ_FLAG_ROUNDED) != 0;
    }
    return true;
}

/* The shapes that have not been used last. */
static __attribute__((noinline)) bool run_others(struct sj_parse *parse, struct shape_list *list,
                                                 const char *json, const int32_t *marks,
                                                 uint32_t last_mark, void *frame)
{
    for (uint32_t i = 1; i < list->count; i++)
        if (shape_has(list->shapes[i], marks, last_mark) &&
            run_shape(parse, list->shapes[i], json, marks, frame)) {
            sj_parse_shape_to_front(list, i);
            return true;
        }
    return false;
}

#ifdef SJ_PARSE_RUN_AVX512
#define sj_parse_fast sj_parse_fast_avx512
#define sj_parse_fast_lanes sj_parse_fast_avx512_lanes
#endif

const uint32_t sj_parse_fast_lanes = LANES;

bool sj_parse_fast(struct sj_parse *parse, struct shape_list *list, const char *json, size_t size,
                   void *frame)
{
    _Alignas(64) int32_t marks[MARKS_SPACE];
    uint32_t last_mark = scan_commas(json, size, MARKS_MAX, marks);
    /* No literal stands further than this before a comma. */
    if (last_mark == UINT32_MAX || marks[MARK_FIRST] < TAIL_MAX)
        return false;
    return (shape_has(list->shapes[0], marks, last_mark) &&
            run_shape(parse, list->shapes[0], json, marks, frame)) ||
           run_others(parse, list, json, marks, last_mark, frame);
}
