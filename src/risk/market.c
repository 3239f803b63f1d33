/* References and marks: what each market event says about prices. */
#include "risk/risk_private.h"

static void take_trade(struct instrument *ins, int64_t price_e6, uint32_t flags, int64_t now_ns)
{
    if (!price_sane(price_e6))
        return;
    if (flags & SJ_FLAG_SIMTRADE) {
        ins->auction_e6 = price_e6;
        ins->auction_ns = now_ns;
    } else {
        ins->last_e6 = price_e6;
        ins->last_ns = now_ns;
    }
}

static void take_book(struct instrument *ins, int64_t bid_e6, int64_t ask_e6, uint32_t flags,
                      int64_t now_ns)
{
    if (flags & SJ_FLAG_SIMTRADE) {
        /* What a trial match would leave: no book to trade on, but the auction goes on. */
        if (ins->auction_e6 != 0)
            ins->auction_ns = now_ns;
        return;
    }
    ins->bid_e6 = price_sane(bid_e6) ? bid_e6 : 0;
    ins->ask_e6 = price_sane(ask_e6) ? ask_e6 : 0;
    ins->book_ns = now_ns;
}

/* The last price, kept between bid and ask: a wide book does not move it, a book that moved on
 * does. */
static int64_t mark_of(const struct instrument *ins)
{
    int64_t mark_e6 = ins->last_e6;
    if (mark_e6 == 0)
        mark_e6 = ins->bid_e6 != 0 ? ins->bid_e6 : ins->ask_e6;
    if (ins->ask_e6 != 0 && mark_e6 > ins->ask_e6)
        mark_e6 = ins->ask_e6;
    return mark_e6 < ins->bid_e6 ? ins->bid_e6 : mark_e6;
}

void sj_risk_market(struct sj_risk *risk, const struct sj_frame *event, int64_t now_ns)
{
    now_ns = clock_advance(risk, now_ns);
    if (SJ_UNLIKELY(event->template_id == SJ_EVENT_INSTRUMENT)) {
        instrument_define(risk, (const struct sj_instrument *)event);
        return;
    }
    struct instrument *ins = instrument_of(risk, event->instrument);
    if (!ins || (event->flags & SJ_FLAG_ODD_LOT))
        return;
    if (event->template_id == SJ_EVENT_TRADE) {
        const struct sj_trade *trade = (const struct sj_trade *)event;
        take_trade(ins, trade->price_e6, trade->flags, now_ns);
    } else if (event->template_id == SJ_EVENT_BOOK) {
        const struct sj_book *book = (const struct sj_book *)event;
        take_book(ins, book->bid_price_e6[0], book->ask_price_e6[0], book->flags, now_ns);
    } else if (event->template_id == SJ_EVENT_QUOTE) {
        const struct sj_quote *quote = (const struct sj_quote *)event;
        take_trade(ins, quote->price_e6, quote->flags, now_ns);
        take_book(ins, quote->bid_price_e6[0], quote->ask_price_e6[0], quote->flags, now_ns);
    } else {
        return;
    }
    int64_t mark_e6 = mark_of(ins);
    if (mark_e6 == ins->mark_e6 || mark_e6 == 0)
        return;
    profit_mark(risk, ins, mark_e6);
    if (ins->position[OWN] != 0)
        profit_judge(risk);
}
