#include "convert/shape.h"

#include <string.h>

void sj_shape_begin(struct sj_shape_builder *builder, struct sj_shape *shape, const char *line)
{
    *builder = (struct sj_shape_builder){.shape = shape, .from = line, .possible = true};
    shape->step_count = 0;
    shape->text_size = 0;
    shape->has_constants = 0;
}

static void take_text(struct sj_shape_builder *builder, const char *end, enum sj_step_kind kind,
                      uint8_t slot)
{
    struct sj_shape *shape = builder->shape;
    size_t size = (size_t)(end - builder->from);
    if (!builder->possible || shape->step_count == SJ_SHAPE_STEPS_MAX ||
        size > SJ_SHAPE_TEXT_MAX - shape->text_size) {
        builder->possible = false;
        return;
    }
    memcpy(shape->text + shape->text_size, builder->from, size);
    shape->steps[shape->step_count++] =
        (struct sj_shape_step){(uint16_t)shape->text_size, (uint16_t)size, (uint8_t)kind, slot, 0};
    shape->text_size += (uint32_t)size;
}

void sj_shape_value(struct sj_shape_builder *builder, const char *begin, const char *end,
                    enum sj_step_kind kind, uint8_t slot)
{
    take_text(builder, begin, kind, slot);
    builder->from = end;
}

void sj_shape_constant(struct sj_shape_builder *builder, const char *begin, const char *end,
                       uint8_t slot)
{
    /* Where it will lie in the shape's text once the text around it is taken. */
    struct sj_shape *shape = builder->shape;
    size_t at = shape->text_size + (size_t)(begin - builder->from);
    if (!builder->possible || at + (size_t)(end - begin) > SJ_SHAPE_TEXT_MAX) {
        builder->possible = false;
        return;
    }
    shape->constants[slot] = (struct sj_text){shape->text + at, (size_t)(end - begin)};
    shape->has_constants |= 1u << slot;
}

bool sj_shape_end(struct sj_shape_builder *builder, const char *end)
{
    take_text(builder, end, SJ_STEP_END, 0);
    return builder->possible;
}

static inline const char *compare(const char *at, const char *text, size_t size)
{
#ifdef __AVX2__
    size_t done = 0;
    do {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(at + done));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(text + done));
        uint32_t unequal = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
        size_t left = size - done;
        if (left < 32)
            return unequal & ((1u << left) - 1) ? NULL : at + size;
        if (unequal)
            return NULL;
        done += 32;
    } while (done < size);
    return at + size;
#else
    return strncmp(at, text, size) ? NULL : at + size;
#endif
}

static inline const char *read_word(const char *at, uint8_t slot, struct sj_record *record)
{
    if (!memcmp(at, "null", 4))
        return at + 4;
    bool is_true = !memcmp(at, "true", 4);
    if (!is_true && memcmp(at, "false", 5))
        return NULL;
    if (slot != SJ_SLOT_NOT_KEPT) {
        record->numbers[slot] = (struct sj_number){is_true, 0};
        record->has_numbers |= UINT64_C(1) << slot;
    }
    return at + (is_true ? 4 : 5);
}

static inline const char *read_number(const char *at, uint8_t slot, struct sj_record *record)
{
    if (slot == SJ_SLOT_NOT_KEPT)
        return sj_number_skip(at);
    record->has_numbers |= UINT64_C(1) << slot;
    return sj_number_read(at, &record->numbers[slot]);
}

/* A string up to its quotation mark: plain ASCII without escapes; any other is left to the general
 * way. The newline that ends every line ends the search, too. */
static inline const char *read_text(const char *at, uint8_t slot, struct sj_record *record)
{
    const char *begin = at;
#ifdef __AVX2__
    for (;; at += 32) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)at);
        __m256i escape = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
        __m256i control = _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), bytes); /* or not ASCII */
        uint32_t quote =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')));
        uint32_t other = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(escape, control));
        if (!(quote | other))
            continue;
        uint32_t first = (uint32_t)__builtin_ctz(quote | other);
        if (other >> first & 1)
            return NULL;
        at += first;
        break;
    }
#else
    while (*at >= ' ' && *at < 127 && *at != '"' && *at != '\\')
        at++;
    if (*at != '"')
        return NULL;
#endif
    if (slot != SJ_SLOT_NOT_KEPT) {
        record->texts[slot] = (struct sj_text){begin, (size_t)(at - begin)};
        record->has_texts |= 1u << slot;
    }
    return at;
}

#ifdef __AVX2__
/* What the 64 bytes at `text` are, bit by byte. */
struct window {
    uint64_t points;
    uint64_t spaces;
    uint64_t others; /* neither digits nor points */
};

static inline uint64_t equal_64(__m256i low, __m256i high, char byte)
{
    __m256i wanted = _mm256_set1_epi8(byte);
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return a | (uint64_t)b << 32;
}

static inline uint64_t digits_32(__m256i bytes)
{
    __m256i value = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value));
}

static inline struct window window_at(const char *text)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    struct window window = {.points = equal_64(low, high, '.'), .spaces = equal_64(low, high, ' ')};
    window.others = ~(digits_32(low) | digits_32(high) << 32 | window.points);
    return window;
}

/* The array's first numbers, as long as they are short, not negative and within 64 bytes: their
 * places are known at once, so that one need not wait for the one before. Returns where the first
 * number begins that was not taken, or the bracket behind the last; NULL: no array of numbers. */
static inline const char *read_window(const char *at, struct sj_number *to, uint32_t *count)
{
    struct window window = window_at(at);
    uint32_t begin = 0;
    while (begin < 64 && window.others >> begin && *count < SJ_ARRAY_MAX) {
        struct sj_number_scan scan = {.length = (uint32_t)__builtin_ctzll(window.others >> begin)};
        if (scan.length == 0 || scan.length > 16)
            break;
        scan.points = (uint32_t)(window.points >> begin) & ((1u << scan.length) - 1);
        if (!sj_number_is_json(at + begin, scan))
            return NULL;
        if (to)
            to[*count] = sj_number_of(at + begin, scan);
        ++*count;
        uint32_t end = begin + scan.length;
        if (at[end] == ']')
            return at + end;
        if (at[end] != ',')
            return NULL;
        begin = end + 1;
        begin += begin < 64 ? window.spaces >> begin & 1 : at[begin] == ' ';
    }
    return at[begin] == ']' ? NULL : at + begin; /* a comma, and nothing behind it */
}
#else
static inline const char *read_window(const char *at, struct sj_number *to, uint32_t *count)
{
    (void)to;
    (void)count;
    return at;
}
#endif

static const char *read_array(const char *at, uint8_t slot, struct sj_record *record)
{
    struct sj_number number;
    uint32_t count = 0;
    if (*at++ != '[')
        return NULL;
    if (*at != ']') {
        at = read_window(at, slot == SJ_SLOT_NOT_KEPT ? NULL : record->arrays[slot], &count);
        if (!at)
            return NULL;
    }
    if (*at == ']')
        at++;
    else
        for (;;) {
            struct sj_number *to = &number;
            if (slot != SJ_SLOT_NOT_KEPT) {
                if (count == SJ_ARRAY_MAX)
                    return NULL;
                to = &record->arrays[slot][count];
            }
            at = slot == SJ_SLOT_NOT_KEPT ? sj_number_skip(at) : sj_number_read(at, to);
            if (!at)
                return NULL;
            count++;
            if (*at == ']') {
                at++;
                break;
            }
            if (*at++ != ',')
                return NULL;
            at += *at == ' ';
        }
    if (slot != SJ_SLOT_NOT_KEPT) {
        record->array_count[slot] = (uint8_t)count;
        record->has_arrays |= 1u << slot;
    }
    return at;
}

static const char *read_pairs(const char *at, uint8_t slot, struct sj_record *record)
{
    uint32_t count = 0;
    if (*at++ != '[')
        return NULL;
    if (*at == ']')
        at++;
    else
        for (;;) {
            struct sj_number *pair = record->pairs[slot][count];
            if (count == SJ_PAIRS_MAX || at[0] != '[' || at[1] != '"')
                return NULL;
            at = sj_number_read(at + 2, &pair[0]);
            if (!at || memcmp(at, "\",\"", 3))
                return NULL;
            at = sj_number_read(at + 3, &pair[1]);
            if (!at || memcmp(at, "\"]", 2))
                return NULL;
            count++;
            at += 3;
            if (at[-1] == ']')
                break;
            if (at[-1] != ',')
                return NULL;
        }
    record->pairs_count[slot] = count;
    record->has_pairs |= 1u << slot;
    return at;
}

static inline const char *read_step(const struct sj_shape_step *step, const char *at,
                                    struct sj_record *record)
{
    switch (step->kind) {
    case SJ_STEP_NUMBER:
        if (*at > '9')
            return read_word(at, step->slot, record);
        /* fall through */
    case SJ_STEP_QUOTED:
        return read_number(at, step->slot, record);
    case SJ_STEP_TEXT:
        return read_text(at, step->slot, record);
    case SJ_STEP_ARRAY:
        return read_array(at, step->slot, record);
    default:
        return read_pairs(at, step->slot, record);
    }
}

/* A value is mostly as long as it was in the line before. Going on from there before its end is
 * known lets the processor read several values at once, instead of one after the other's end. */
static inline const char *read_value(struct sj_shape_step *step, const char *at,
                                     struct sj_record *record)
{
    const char *likely = at + step->size;
    __asm__("" : "+r"(likely)); /* or else the compiler sees that both are the same */
    const char *end = read_step(step, at, record);
    if (__builtin_expect(end == likely, 1))
        return likely;
    if (end)
        step->size = (uint16_t)(end - at);
    return end;
}

const char *sj_shape_read(struct sj_shape *shape, const char *at, struct sj_record *record)
{
    struct sj_shape_step *step = shape->steps;
    for (;; step++) {
        at = compare(at, shape->text + step->text_at, step->text_size);
        if (!at)
            return NULL;
        if (step->kind == SJ_STEP_END)
            break;
        at = read_value(step, at, record);
        if (!at)
            return NULL;
    }
    if (*at != '\n')
        return NULL;
    for (uint32_t slot = 0; slot < SJ_TEXT_COUNT; slot++)
        if (shape->has_constants >> slot & 1)
            record->texts[slot] = shape->constants[slot];
    record->has_texts |= shape->has_constants;
    return at;
}
