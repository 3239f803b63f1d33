/*
 * event.h: every message shijim keeps, as it lies in memory, on the bus and in the journal.
 *
 * A frame is an 8-byte sequence stamp followed by a little-endian SBE message (schema/shijim.xml,
 * schema id 1): its 8-byte header, then a block of fixed length. Each struct below is one frame.
 * Its size is a multiple of 32 bytes and equals 16 + block_length, so the next frame of a run
 * starts right behind it. tests/event proves structs and schema equal with the public SBE tool.
 *
 * Units    _ns: int64 nanoseconds UTC since 1970 (exch: the exchange's or broker's time; recv: when
 *          the bytes were read here). _e6: exact decimals in millionths. Volumes: lots for round
 *          lots, futures and options; shares where SJ_FLAG_ODD_LOT is set.
 * Absent   SJ_NULL_E6 / SJ_NULL_I64 for int64, SJ_NULL_U32 for uint32, zero for enums.
 * Text     fixed char arrays, UTF-8, filled with zero bytes, not terminated when full.
 */
#ifndef SHIJIM_EVENT_H
#define SHIJIM_EVENT_H

#include <stddef.h>
#include <stdint.h>

#define SJ_SCHEMA_ID 1
#define SJ_SCHEMA_VERSION 1

#define SJ_FRAME_UNIT 32
#define SJ_FRAME_HEAD_SIZE 16 /* stamp and SBE header: what comes before the block */
#define SJ_EVENT_SIZE_MAX 512
#define SJ_LEVELS 5

#define SJ_NULL_I64 INT64_MIN
#define SJ_NULL_E6 INT64_MIN
#define SJ_NULL_U32 UINT32_MAX

/* The head of every frame. */
struct sj_frame {
    uint64_t seq; /* counts from 1 per source, never reused */
    uint16_t block_length;
    uint16_t template_id;
    uint16_t schema_id;
    uint16_t version;
    uint32_t instrument; /* first field of every block, the bus's topic; 0 = none */
    uint32_t flags;      /* SJ_FLAG_* */
    int64_t exch_ns;     /* timers and notes carry their own first 8 bytes here */
};

/* Template ids: never reused, never renumbered. id, suffix, struct, name in text and tables */
#define SJ_EVENT_TABLE(X)                                                                          \
    X(1, TRADE, sj_trade, "trade")                                                                 \
    X(2, BOOK, sj_book, "book")                                                                    \
    X(3, QUOTE, sj_quote, "quote")                                                                 \
    X(4, INDEX, sj_index, "index")                                                                 \
    X(5, INSTRUMENT, sj_instrument, "instrument")                                                  \
    X(6, SESSION, sj_session, "session")                                                           \
    X(7, GAP, sj_gap, "gap")                                                                       \
    X(8, COMPLETENESS, sj_completeness, "completeness")                                            \
    X(9, TIMER, sj_timer, "timer")                                                                 \
    X(10, DRAINED, sj_drained, "drained")                                                          \
    X(11, CLOSING, sj_closing, "closing")                                                          \
    X(12, LEGS, sj_legs, "legs")                                                                   \
    X(20, INTENT, sj_intent, "intent")                                                             \
    X(21, VERDICT, sj_verdict, "verdict")                                                          \
    X(22, ORDER, sj_order_update, "order")                                                         \
    X(23, FILL, sj_fill, "fill")                                                                   \
    X(24, ACCOUNT, sj_account_snapshot, "account")                                                 \
    X(25, POSITION, sj_position_snapshot, "position")                                              \
    X(26, ORDER_REPORT, sj_order_report, "order_report")                                           \
    X(27, CONTROL, sj_control, "control")                                                          \
    X(28, STATS, sj_strategy_stats, "strategy_stats")

enum sj_event_type {
#define X(id, suffix, type, name) SJ_EVENT_##suffix = id,
    SJ_EVENT_TABLE(X)
#undef X
        SJ_EVENT_TYPE_MAX = 63
};

enum sj_flag {
    SJ_FLAG_SIMTRADE = 1 << 0,   /* trial match of an auction, not a trade */
    SJ_FLAG_SUSPEND = 1 << 1,    /* the instrument is suspended */
    SJ_FLAG_ODD_LOT = 1 << 2,    /* intraday odd-lot session: volumes are shares */
    SJ_FLAG_ROUNDED = 1 << 3,    /* a decimal had more than 6 places and was rounded half to even */
    SJ_FLAG_REPLAYED = 1 << 4,   /* published by a replay, not by a live feed */
    SJ_FLAG_BACKFILLED = 1 << 5, /* fetched from history to fill a gap */
    SJ_FLAG_DUPLICATE = 1 << 6,  /* same total volume and time as the event before it */
    SJ_FLAG_OUT_OF_ORDER = 1 << 7, /* exchange time or total volume ran backwards */
    SJ_FLAG_AUCTION = 1 << 8,      /* a trade of an opening auction */
    SJ_FLAG_COMBO = 1 << 9         /* a report about a combo order, which is not supported */
};

/* Source ids: who published. (src, seq) names an event for ever. */
enum sj_src {
    SJ_SRC_JOURNAL = 0,  /* the recorder itself: what it lost, when it began and ended */
    SJ_SRC_GATEWAY = 1,  /* .. +4: one per connection */
    SJ_SRC_STRATEGY = 8, /* .. +7: intents, verdicts, orders, fills, notes of what was drained */
    SJ_SRC_CONVERT = 32, /* files of others */
    SJ_SRC_REPLAY = 40,  /* .. +7 */
    SJ_SRC_USER = 48     /* .. 63: processes of users */
};

enum sj_exchange {
    SJ_EXCHANGE_UNKNOWN,
    SJ_EXCHANGE_TSE,
    SJ_EXCHANGE_OTC,
    SJ_EXCHANGE_OES,
    SJ_EXCHANGE_TAIFEX
};

enum sj_security {
    SJ_SECURITY_UNKNOWN,
    SJ_SECURITY_STK,
    SJ_SECURITY_FUT,
    SJ_SECURITY_OPT,
    SJ_SECURITY_IND,
    SJ_SECURITY_WRT
};

/* The values of the wire. */
enum sj_tick_type { SJ_TICK_NONE, SJ_TICK_BUY, SJ_TICK_SELL };
enum sj_side { SJ_SIDE_NONE, SJ_SIDE_BUY, SJ_SIDE_SELL };

/* The broker's streams; also the index of per-channel counters. */
enum sj_channel {
    SJ_CHANNEL_NONE,
    SJ_CHANNEL_TICK_STK,
    SJ_CHANNEL_BIDASK_STK,
    SJ_CHANNEL_QUOTE_STK,
    SJ_CHANNEL_TICK_FOP,
    SJ_CHANNEL_BIDASK_FOP,
    SJ_CHANNEL_QUOTE_FOP,
    SJ_CHANNEL_QUOTE_IDX,
    SJ_CHANNEL_ORDER,
    SJ_CHANNEL_CONTRACT,
    SJ_CHANNEL_COUNT
};

#define SJ_FRAME_HEAD                                                                              \
    uint64_t seq;                                                                                  \
    uint16_t block_length;                                                                         \
    uint16_t template_id;                                                                          \
    uint16_t schema_id;                                                                            \
    uint16_t version;                                                                              \
    uint32_t instrument;                                                                           \
    uint32_t flags;

#define SJ_EVENT_HEAD                                                                              \
    SJ_FRAME_HEAD                                                                                  \
    int64_t exch_ns;                                                                               \
    int64_t recv_ns;

/* What a tick and a quote share: the day's statistics as the broker sends them. */
#define SJ_TRADE_FIELDS                                                                            \
    int64_t price_e6; /* close on the wire */                                                      \
    uint32_t volume;                                                                               \
    uint8_t tick_type; /* enum sj_tick_type: the side that took */                                 \
    uint8_t chg_type;                                                                              \
    uint8_t channel; /* enum sj_channel it came from */                                            \
    uint8_t trade_reserved;                                                                        \
    int64_t total_volume;                                                                          \
    int64_t total_amount_e6;                                                                       \
    int64_t open_e6;                                                                               \
    int64_t high_e6;                                                                               \
    int64_t low_e6;                                                                                \
    int64_t avg_price_e6;                                                                          \
    int64_t amount_e6;                                                                             \
    int64_t price_chg_e6;                                                                          \
    int64_t pct_chg_e6;                                                                            \
    int64_t bid_side_total_vol;                                                                    \
    int64_t ask_side_total_vol;                                                                    \
    uint32_t bid_side_total_cnt;                                                                   \
    uint32_t ask_side_total_cnt;                                                                   \
    int64_t underlying_price_e6;

/* What a book and a quote share. Level 0 is the best; a missing level has price null, volume 0. */
#define SJ_BOOK_FIELDS                                                                             \
    int64_t bid_price_e6[SJ_LEVELS];                                                               \
    int64_t ask_price_e6[SJ_LEVELS];                                                               \
    uint32_t bid_volume[SJ_LEVELS];                                                                \
    uint32_t ask_volume[SJ_LEVELS];                                                                \
    int32_t diff_bid_vol[SJ_LEVELS];                                                               \
    int32_t diff_ask_vol[SJ_LEVELS];                                                               \
    int64_t derived_bid_price_e6;                                                                  \
    int64_t derived_ask_price_e6;                                                                  \
    uint32_t derived_bid_vol;                                                                      \
    uint32_t derived_ask_vol;

struct sj_trade {
    SJ_EVENT_HEAD
    SJ_TRADE_FIELDS
};

struct sj_book {
    SJ_EVENT_HEAD
    SJ_BOOK_FIELDS
    int64_t underlying_price_e6;
    uint32_t bid_total_vol;
    uint32_t ask_total_vol;
    uint8_t level_count[2]; /* bid, ask levels that were on the wire (ragged arrays happen) */
    uint8_t channel;        /* enum sj_channel */
    uint8_t book_reserved[13];
};

struct sj_quote {
    SJ_EVENT_HEAD
    SJ_TRADE_FIELDS
    SJ_BOOK_FIELDS
    int64_t avail_borrowing;
    uint8_t level_count[2];
    uint8_t quote_reserved[30];
};

struct sj_index {
    SJ_EVENT_HEAD
    int64_t close_e6;
    int64_t reference_e6;
    int64_t open_e6;
    int64_t high_e6;
    int64_t low_e6;
    int64_t total_amount_e6;
    int64_t total_volume;
};

/* Stock fields that are null or zero nearly always (closing odd lots, fixed-price trading): their
 * own event, right behind the trade or quote they came with, only when one is set. */
struct sj_closing {
    SJ_EVENT_HEAD
    int64_t closing_oddlot_shares;
    int64_t closing_oddlot_close_e6;
    int64_t closing_oddlot_amount_e6;
    int64_t closing_oddlot_bid_price_e6;
    int64_t closing_oddlot_ask_price_e6;
    int64_t fixed_trade_vol;
    int64_t fixed_trade_amount_e6;
    uint8_t closing_reserved[32];
};

/* The legs' prices of a calendar spread's trade, right behind it, where the source gives them. */
struct sj_legs {
    SJ_EVENT_HEAD
    int64_t near_price_e6;
    int64_t far_price_e6;
    uint64_t trade_seq; /* the trade it belongs to */
};

/* A contract as the broker describes it. In every segment of a journal before the first event that
 * refers to it. exch_ns: holds from. */
struct sj_instrument {
    SJ_EVENT_HEAD
    char code[16];
    char target_code[16];
    char name[48];
    uint8_t exchange;     /* enum sj_exchange */
    uint8_t security;     /* enum sj_security */
    uint8_t option_right; /* 'C', 'P' or 0 */
    uint8_t day_trade;    /* 'Y', 'N', 'O' (only buy first) or 0 */
    char currency[4];
    char category[8];
    char root[8];
    char tick_rule[8];
    char delivery_month[8];
    char underlying_code[16];
    uint32_t delivery_date; /* YYYYMMDD */
    uint32_t update_date;   /* YYYYMMDD */
    int64_t reference_e6;
    int64_t limit_up_e6;
    int64_t limit_down_e6;
    int64_t strike_e6;
    int64_t multiplier_e6; /* TWD per point; null for stocks */
    int64_t tick_e6;       /* null where bands apply */
    uint32_t unit;         /* shares per lot; 1 for futures */
    uint32_t instrument_reserved;
    uint8_t instrument_reserved2[16];
};

enum sj_session_kind {
    SJ_SESSION_CONNECT = 1, /* a stream opened */
    SJ_SESSION_DROP,        /* a stream ended or failed; text says how */
    SJ_SESSION_LOGIN,
    SJ_SESSION_MAINTENANCE, /* the broker reported a maintenance */
    SJ_SESSION_SUBSCRIBE,   /* confirmed; instrument and channel set */
    SJ_SESSION_UNSUBSCRIBE,
    SJ_SESSION_REFUSED,   /* a subscription or login was refused; status, text */
    SJ_SESSION_RUNG,      /* the recovery ladder moved; rung, text */
    SJ_SESSION_RECOVERED, /* data flows again; duration_ns since the first sign */
    SJ_SESSION_SILENT,    /* subscribed, but silent */
    SJ_SESSION_START,     /* the process began to publish on this source */
    SJ_SESSION_STOP,      /* it stopped in order */
    SJ_SESSION_REPLAY_BEGIN,
    SJ_SESSION_REPLAY_END /* the end of a replay; count = events */
};

struct sj_session {
    SJ_EVENT_HEAD
    uint8_t kind;       /* enum sj_session_kind */
    uint8_t connection; /* 1.. ; 0 = the process */
    uint8_t rung;    /* 0 none, 1 resubscribe, 2 new stream, 3 new login, 4 restart of the server */
    uint8_t channel; /* enum sj_channel */
    int32_t status;  /* HTTP status, or a negative sj_rc */
    uint64_t count;
    int64_t duration_ns;
    char text[64];
};

enum sj_gap_kind {
    SJ_GAP_VOLUME = 1, /* total volume jumped: trades are missing */
    SJ_GAP_SILENCE,    /* nothing came for longer than the session allows */
    SJ_GAP_STREAM,     /* a stream was down from from_ns to to_ns */
    SJ_GAP_BUS,        /* a reader was lapped: events lost between bus and here */
    SJ_GAP_JOURNAL,    /* a crash cut the journal: first_seq..last_seq may be missing */
    SJ_GAP_PARSE       /* bytes that could not be understood were dropped */
};

struct sj_gap {
    SJ_EVENT_HEAD
    uint8_t kind; /* enum sj_gap_kind */
    uint8_t connection;
    uint8_t channel;
    uint8_t gap_reserved;
    uint32_t src;       /* the source whose sequence has the hole */
    uint64_t first_seq; /* 0 where no sequence applies */
    uint64_t last_seq;
    uint64_t lost_count; /* events; UINT64_MAX where it cannot be known */
    int64_t expected_volume;
    int64_t seen_volume;
    int64_t from_ns;
    int64_t to_ns;
    uint8_t gap_reserved2[24];
};

enum sj_completeness_verdict {
    SJ_COMPLETE = 1, /* volume adds up, no gap */
    SJ_INCOMPLETE,   /* volume or sequence is missing */
    SJ_UNPROVEN,     /* joined late, or no total volume to prove it by */
    SJ_SILENT        /* subscribed, nothing came */
};

/* The account of one instrument over one session (trading day and day or night). */
struct sj_completeness {
    SJ_EVENT_HEAD
    uint32_t trading_day; /* YYYYMMDD */
    uint8_t night;
    uint8_t verdict; /* enum sj_completeness_verdict */
    uint8_t connection;
    uint8_t completeness_reserved;
    uint64_t trade_count;
    uint64_t book_count;
    int64_t volume_first; /* total volume before the first trade seen */
    int64_t volume_last;
    int64_t volume_seen;
    int64_t volume_missing;
    int64_t first_ns;
    int64_t last_ns;
    uint32_t gap_count;
    uint32_t silence_max_ms;
    uint8_t completeness_reserved2[8];
};

/* 32 bytes: a timer fired for whoever decides (strategies), so that a replay fires it too. */
struct sj_timer {
    SJ_FRAME_HEAD
    int64_t time_ns;
};

/* A batch that a deciding reader took from a ring, so that a replay interleaves likewise. */
struct sj_drained {
    SJ_EVENT_HEAD
    uint32_t src;
    uint32_t count;
    uint64_t first_seq;
    uint64_t last_seq;
};

enum sj_intent_kind { SJ_INTENT_PLACE = 1, SJ_INTENT_CANCEL, SJ_INTENT_PRICE, SJ_INTENT_QUANTITY };

struct sj_intent {
    SJ_EVENT_HEAD
    uint64_t intent_id; /* unique over all runs */
    uint64_t target_id; /* the intent whose order is changed or cancelled; 0 for a new one */
    int64_t price_e6;
    int64_t arrival_mid_e6;
    uint32_t quantity;
    uint32_t strategy;
    uint32_t account;      /* 0 stocks, 1 futures and options */
    uint8_t kind;          /* enum sj_intent_kind */
    uint8_t side;          /* enum sj_side */
    uint8_t price_type;    /* 1 LMT, 2 MKT, 3 MKP */
    uint8_t time_in_force; /* 1 ROD, 2 IOC, 3 FOK */
    uint8_t order_cond;
    uint8_t order_lot;
    uint8_t octype;
    uint8_t daytrade_short; /* 1: stock that is not held is sold, to be bought back the same day */
    uint8_t intent_reserved[4];
    char custom_field[8];
    uint64_t origin_seq; /* asked for by a strategy's own process: its event; 0: by none */
    uint32_t origin_src; /* the source of that event */
    uint8_t intent_reserved2[12];
};

struct sj_verdict {
    SJ_EVENT_HEAD
    uint64_t intent_id;
    uint32_t strategy;
    uint16_t check;   /* the deciding check's number; 0 where all passed */
    uint8_t accepted; /* 1 or 0 */
    uint8_t verdict_reserved;
    int64_t value; /* what decided, in the check's unit */
    int64_t limit;
    char check_name[24];
    uint64_t origin_seq; /* as the intent's; intent_id 0: it was no intent that could be judged */
    uint32_t origin_src;
    uint8_t verdict_reserved2[20];
};

/* Values of sj_order_update.cause that others than the order room look at; all of them stand in
 * src/order/machine.h. */
enum sj_order_cause {
    SJ_CAUSE_PRICED = 7,
    SJ_CAUSE_REDUCED = 8,
    SJ_CAUSE_CHANGE_DENIED = 9,
    SJ_CAUSE_CANCEL_DENIED = 11
};

struct sj_order_update {
    SJ_EVENT_HEAD
    uint64_t intent_id;
    int64_t price_e6;
    uint32_t quantity;
    uint32_t filled;
    uint32_t cancelled;
    uint32_t strategy;
    uint8_t state_from;
    uint8_t state_to;
    uint8_t cause;
    uint8_t side; /* enum sj_side; none where it is not known */
    int32_t status;
    char order_id[24];
    char ordno[8];
    char seqno[16];
    char op_code[8];
    char text[48];
    uint8_t account;
    uint8_t order_reserved2[7];
};

struct sj_fill {
    SJ_EVENT_HEAD
    uint64_t intent_id;
    int64_t price_e6;
    uint32_t quantity;
    uint32_t strategy;
    uint8_t side;
    uint8_t order_lot;
    uint8_t account;
    uint8_t daytrade_short;
    uint8_t fill_reserved[4];
    int64_t fee_e6;
    int64_t tax_e6;
    char order_id[24];
    char exchange_seq[24];
    char ordno[8];
    char broker_account[16];
};

struct sj_account_snapshot {
    SJ_EVENT_HEAD
    uint32_t account;
    uint32_t account_reserved;
    int64_t cash_e6;
    int64_t equity_e6;
    int64_t margin_available_e6;
    int64_t margin_initial_e6;
    int64_t margin_maintenance_e6;
    int64_t realized_pnl_e6;
    int64_t unrealized_pnl_e6;
    int64_t fees_e6;
    char broker_account[16];
};

struct sj_position_snapshot {
    SJ_EVENT_HEAD
    uint32_t account;
    uint32_t strategy;    /* 0 = the account's */
    int64_t quantity;     /* signed lots as the broker has it */
    int64_t own_quantity; /* as our fills make it */
    int64_t avg_price_e6;
    int64_t last_price_e6;
    int64_t pnl_e6;
    uint8_t position_reserved[8];
};

enum sj_report_kind {
    SJ_REPORT_NEW = 1, /* accepted (or refused: op_code) by the broker */
    SJ_REPORT_CANCEL,
    SJ_REPORT_PRICE,
    SJ_REPORT_QUANTITY,
    SJ_REPORT_REJECT,     /* taken back by the exchange */
    SJ_REPORT_DEAL,       /* quantity and price_e6 are this deal's */
    SJ_REPORT_LISTED,     /* one order as /order/trades has it, whole */
    SJ_REPORT_LIST_BEGIN, /* the broker answered with its list */
    SJ_REPORT_LIST_END,   /* an order not named since LIST_BEGIN is not there */
    SJ_REPORT_TIMEOUT,    /* no answer to request_id in time; it may have arrived */
    SJ_REPORT_LINK_UP,    /* order stream and requests work */
    SJ_REPORT_LINK_DOWN,  /* reports may be missing from here on */
    SJ_REPORT_UNSENT      /* the link did not take request_id: nothing was sent */
};

enum sj_report_source {
    SJ_REPORT_FROM_STREAM = 1,
    SJ_REPORT_FROM_ANSWER,
    SJ_REPORT_FROM_LIST,
    SJ_REPORT_FROM_LOCAL
};

enum sj_broker_status {
    SJ_BROKER_PENDING_SUBMIT = 1,
    SJ_BROKER_PRE_SUBMITTED,
    SJ_BROKER_SUBMITTED,
    SJ_BROKER_PART_FILLED,
    SJ_BROKER_FILLED,
    SJ_BROKER_CANCELLED,
    SJ_BROKER_FAILED,
    SJ_BROKER_INACTIVE
};

enum sj_control_kind {
    SJ_CONTROL_START = 1, /* whoever decides has begun; value = its run id */
    SJ_CONTROL_KILL,      /* no new orders until RESUME */
    SJ_CONTROL_RESUME,
    SJ_CONTROL_PANIC, /* cancel all, flatten, kill */
    SJ_CONTROL_PANIC_DONE,
    SJ_CONTROL_DISARM, /* `strategy` is called no more */
    SJ_CONTROL_ARM,
    SJ_CONTROL_FEED_LOST, /* market data is missing or old */
    SJ_CONTROL_FEED_BACK,
    SJ_CONTROL_BLOCK, /* `instrument`: what cannot be decided; no new orders in it */
    SJ_CONTROL_UNBLOCK,
    SJ_CONTROL_STOP,
    SJ_CONTROL_NAME /* `strategy` is called `text`; value 0: it is not configured any more */
};

enum sj_control_source {
    SJ_CONTROL_BY_COMMAND = 1,
    SJ_CONTROL_BY_SIGNAL,
    SJ_CONTROL_BY_HTTP,
    SJ_CONTROL_BY_LOSS_LIMIT,
    SJ_CONTROL_BY_FEED,
    SJ_CONTROL_BY_DEAD_MAN,
    SJ_CONTROL_BY_PROCESS,
    SJ_CONTROL_BY_BUDGET,
    SJ_CONTROL_BY_CRASH,
    SJ_CONTROL_BY_RECONCILE
};

/* What the broker said about an order, from its stream, an answer or its list; and what the link to
 * it knows itself (source LOCAL). An input of the order room. status: HTTP status of an answer, or
 * a negative sj_rc. intent_id: 0 where the message does not tell. */
struct sj_order_report {
    SJ_EVENT_HEAD
    uint64_t intent_id;
    uint64_t request_id;
    int64_t price_e6;
    uint32_t quantity;
    uint32_t filled;
    uint32_t cancelled;
    uint8_t kind;          /* enum sj_report_kind */
    uint8_t source;        /* enum sj_report_source */
    uint8_t side;          /* enum sj_side */
    uint8_t broker_status; /* enum sj_broker_status */
    int32_t status;
    uint8_t order_lot;
    uint8_t octype;
    uint8_t order_cond;
    uint8_t account;
    char order_id[24];
    char ordno[8];
    char seqno[16];
    char exchange_seq[24];
    char custom_field[8];
    char op_code[8];
    char text[48];
};

/* Somebody stops, lifts, arms or blocks; value and text say why. An input of whoever decides. */
struct sj_control {
    SJ_EVENT_HEAD
    uint8_t kind;   /* enum sj_control_kind */
    uint8_t source; /* enum sj_control_source */
    uint8_t control_reserved[6];
    uint32_t strategy;
    uint8_t control_reserved2[4];
    int64_t value;
    char text[64];
};

/* A strategy since the process began; every minute and at the end. Times are of on_event. */
struct sj_strategy_stats {
    SJ_EVENT_HEAD
    uint32_t strategy;
    uint8_t armed;
    uint8_t stats_reserved[3];
    uint64_t event_count;
    uint64_t intent_count;
    uint64_t refused_count;
    uint64_t order_count;
    uint64_t fill_count;
    uint64_t overrun_count;
    int64_t p50_ns;
    int64_t p90_ns;
    int64_t p99_ns;
    int64_t p999_ns;
    int64_t max_ns;
    int64_t realized_pnl_e6;
    int64_t unrealized_pnl_e6;
    int64_t fees_e6;
    char name[24];
    uint8_t strategy_stats_reserved[8];
};

#define X(id, suffix, type, name)                                                                  \
    _Static_assert(sizeof(struct type) % SJ_FRAME_UNIT == 0, name ": whole frame units");          \
    _Static_assert(sizeof(struct type) <= SJ_EVENT_SIZE_MAX, name ": within the maximum");         \
    _Static_assert(_Alignof(struct type) == 8, name ": naturally aligned");
SJ_EVENT_TABLE(X)
#undef X

/* The size of a frame from its head (a multiple of 32 for every frame that was published). */
static inline uint32_t sj_frame_size(const void *frame)
{
    return (uint32_t)((const struct sj_frame *)frame)->block_length + SJ_FRAME_HEAD_SIZE;
}

/* Writes the head for `type` of `size` bytes (the struct's): all but seq, which the bus assigns. */
static inline void sj_frame_head(void *frame, enum sj_event_type type, size_t size)
{
    struct sj_frame *head = (struct sj_frame *)frame;
    head->seq = 0;
    head->block_length = (uint16_t)(size - SJ_FRAME_HEAD_SIZE);
    head->template_id = (uint16_t)type;
    head->schema_id = SJ_SCHEMA_ID;
    head->version = SJ_SCHEMA_VERSION;
}

#endif
