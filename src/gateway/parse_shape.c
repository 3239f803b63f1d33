/*
 * Learning a shape: from the values that the general path recorded, what stands between them, and
 * for each its comma and its place in the frame.
 */
#include "gateway/parse_impl.h"
#include "gateway/parse_lanes.h"
#include "gateway/parse_number.h"

#define CREDIT_LEARN 128

void sj_parse_shape_to_front(struct shape_list *list, uint32_t at)
{
    struct shape *shape = list->shapes[at];
    memmove(&list->shapes[1], &list->shapes[0], at * sizeof(list->shapes[0]));
    list->shapes[0] = shape;
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
    const char *json;
    size_t at;     /* behind the last value */
    uint32_t mark; /* the comma behind it */
    size_t fixed;  /* bytes of the literals so far: no value begins before */
    const int32_t *marks;
    uint16_t move_counts[MOVE_COUNT];
    struct move moves[MOVE_COUNT][RECORDS_MAX];
};

/* Four literals `","` behind one another that are at commas in a row become quotes. */
static void join_quotes(struct making *making)
{
    struct literals *literals = &making->shape->literals;
    if (literals->count < QUOTES)
        return;
    uint32_t first = literals->count - QUOTES;
    for (uint32_t i = 0; i < QUOTES; i++) {
        const struct literal *literal = &literals->literals[first + i];
        if (memcmp(literal->text, "\",\"", 4) != 0 || literal->mask[3] != 0 ||
            literals->marks[first + i] != literals->marks[first] + i)
            return;
    }
    making->shape->quotes[making->shape->quotes_count++] = literals->marks[first];
    literals->count = (uint16_t)first;
}

static bool put_literal(const struct making *making, struct literals *literals, const char *text,
                        size_t size)
{
    if (literals->count == LITERALS_MAX)
        return false;
    struct literal *literal = &literals->literals[literals->count];
    *literal = (struct literal){0};
    memcpy(literal->text, text, size);
    memset(literal->mask, 255, size);
    literals->marks[literals->count++] = (uint16_t)making->mark;
    return true;
}

/* The bytes [making->at, end), which lie between two commas. */
static bool add_stretch(struct making *making, size_t end)
{
    struct shape *shape = making->shape;
    const char *text = making->json + making->at;
    size_t size = end - making->at;
    size_t first = size < LITERAL_SIZE ? size : LITERAL_SIZE;
    bool comma = size == 1 && making->at == (size_t)making->marks[making->mark];
    making->at = end;
    making->fixed += size;
    if (comma) /* which is there in any case */
        return true;
    if (size > 2 * LITERAL_SIZE || !put_literal(making, &shape->literals, text, first))
        return false;
    if (size > first && !put_literal(making, &shape->longer, text + first, size - first))
        return false;
    join_quotes(making);
    return true;
}

/* The same for bytes with any number of commas: each one proves the place of what is behind it. */
static bool add_literal(struct making *making, size_t end)
{
    for (;;) {
        size_t next = (size_t)making->marks[making->mark + 1];
        if (making->mark >= making->shape->last_mark || next >= end)
            return add_stretch(making, end);
        if (!add_stretch(making, next + 1))
            return false;
        /* What is behind it begins with it. */
        making->at--;
        making->fixed--;
        making->mark++;
    }
}

/* How a number that is read in a lane is moved; MOVE_COUNT: it is not. */
static uint32_t move_of(const struct target *target)
{
    if (target->wide)
        return MOVE_COUNT;
    switch (target->store) {
    case STORE_E6:
        return target->closing ? MOVE_COUNT : MOVE_8;
    case STORE_I64:
        return target->closing ? MOVE_CLOSING : MOVE_8;
    case STORE_U32:
    case STORE_I32:
        return MOVE_4;
    case STORE_U8:
    case STORE_TICK_TYPE:
        return MOVE_1;
    default:
        return MOVE_COUNT;
    }
}

static void add_number(struct making *making, uint32_t mark, const struct target *target,
                       uint32_t kind)
{
    struct shape *shape = making->shape;
    bool natural =
        target->store != STORE_E6 && target->store != STORE_I64 && target->store != STORE_I32;
    shape->numbers[mark] = -1;
    shape->kinds[mark] = target->store == STORE_E6 ? LANE_DECIMAL : LANE_INTEGER;
    shape->naturals[mark] = natural ? -1 : 0;
    making->moves[kind][making->move_counts[kind]++] =
        (struct move){(uint16_t)mark, target->offset,
                      target->store == STORE_TICK_TYPE ? SJ_TICK_SELL : UINT8_MAX};
}

static bool add_other(struct shape *shape, uint32_t mark, const struct target *target)
{
    uint16_t number = (uint16_t)mark;
    switch (target->store) {
    case STORE_CODE:
        shape->code = number;
        return true;
    case STORE_DATE:
        shape->date = number;
        return true;
    case STORE_TIME:
        shape->time = number;
        return true;
    case STORE_FLAG:
        if (shape->flag_count == OTHERS_MAX)
            return false;
        shape->flags[shape->flag_count++] = (struct other){number, target->offset, STORE_FLAG};
        return true;
    default:
        if (shape->other_count == OTHERS_MAX)
            return false;
        shape->others[shape->other_count++] = (struct other){
            number, target->offset, target->closing ? STEP_CLOSING_E6 : target->store};
        return true;
    }
}

static bool add_value(struct making *making, const struct record *record)
{
    struct shape *shape = making->shape;
    const struct target *target = &record->target;
    size_t start = (size_t)(record->start - making->json);
    size_t end = (size_t)(record->end - making->json);
    if (start < making->at || end <= start || !add_literal(making, start))
        return false;
    size_t head = start - (size_t)making->marks[making->mark];
    if (making->mark > shape->last_mark || head > HEAD_MAX)
        return false;
    uint32_t mark = ++making->mark;
    size_t comma = (size_t)making->marks[mark];
    if (comma < end || comma - end > TAIL_MAX)
        return false;
    /* Decimals are also read by the bytes before their end. */
    if (target->store == STORE_E6 && making->fixed + 1 < NUMBER_LOOKBEHIND)
        return false;
    shape->heads[mark] = (int32_t)head;
    shape->tails[mark] = (int32_t)(comma - end);
    shape->stores[mark] = target->store;
    making->at = end;
    uint32_t kind = move_of(target);
    if (kind == MOVE_COUNT)
        return add_other(shape, mark, target);
    add_number(making, mark, target, kind);
    return true;
}

/* Five moves in a row, of neighbours to neighbours, are one. */
static void join_moves(struct making *making, uint32_t kind, uint32_t joined, uint32_t width)
{
    struct move *moves = making->moves[kind];
    uint32_t count = making->move_counts[kind], kept = 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t run = 1;
        while (run < SJ_LEVELS && i + run < count && moves[i + run].from == moves[i].from + run &&
               moves[i + run].to == moves[i].to + run * width)
            run++;
        if (run == SJ_LEVELS)
            making->moves[joined][making->move_counts[joined]++] = moves[i];
        else
            memmove(&moves[kept], &moves[i], run * sizeof(moves[0])), kept += run;
        i += run;
    }
    making->move_counts[kind] = (uint16_t)kept;
}

static void finish_lanes(struct making *making, uint32_t lane_count)
{
    struct shape *shape = making->shape;
    join_moves(making, MOVE_8, MOVE_5X8, 8);
    join_moves(making, MOVE_4, MOVE_5X4, 4);
    uint16_t count = 0;
    for (uint32_t kind = 0; kind < MOVE_COUNT; kind++) {
        for (uint32_t i = 0; i < making->move_counts[kind]; i++)
            shape->moves[count++] = making->moves[kind][i];
        shape->move_ends[kind] = count;
    }
    for (uint32_t mark = 0; lane_count > 0 && mark <= shape->last_mark + 1; mark += lane_count) {
        int64_t any = 0;
        for (uint32_t i = 0; i < lane_count; i++)
            any |= shape->numbers[mark + i];
        if (any != 0)
            shape->groups[shape->group_count++] = (uint16_t)mark;
    }
}

static bool make_shape(struct sj_parse *parse, struct shape *shape, const char *json, size_t size)
{
    _Alignas(64) int32_t marks[MARKS_SPACE];
    struct making making = {.shape = shape, .json = json, .marks = marks, .mark = MARK_FIRST - 1};
    memset(shape, 0, sizeof(*shape));
    shape->tails[MARK_FIRST - 1] = -1; /* the payload begins behind it */
    shape->last_mark = scan_commas(json, size, MARKS_MAX, marks);
    if (shape->last_mark == NO_MARK)
        return false;
    for (uint32_t i = 0; i < parse->record_count; i++)
        if (!add_value(&making, &parse->records[i]))
            return false;
    if (!add_literal(&making, size))
        return false;
    if (making.mark <= shape->last_mark)
        shape->last_size = (int32_t)size - marks[shape->last_mark];
    finish_lanes(&making, parse->lane_count);
    return true;
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
    if (!make_shape(parse, shape, json, size)) {
        shape->last_mark = NO_MARK; /* fits nothing */
        return;
    }
    shape->frame_size = sj_parse_messages[channel].size;
    memcpy(shape->frame, frame, shape->frame_size);
    shape->closing = parse->closing;
    shape->has_closing = parse->has_closing;
    shape->unknown_fields = parse->record_unknown_fields;
    list->count += !full;
    sj_parse_shape_to_front(list, last);
}
