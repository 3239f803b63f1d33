/* The two identities of a live process, from the counters of its rooms. */
#include "app/live.h"

#include <stdio.h>

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_connection(struct sj_live_account *account,
                           const struct sj_gateway_counters *counters)
{
    account->received += get(&counters->messages);
    account->beats += get(&counters->beats);
    account->passed += get(&counters->passed);
    account->events += get(&counters->events);
    account->own += get(&counters->own) + get(&counters->closings);
    for (int i = 0; i < SJ_PARSE_FAULT_COUNT; i++)
        account->malformed += get(&counters->malformed[i]);
    for (int i = 0; i < SJ_DROP_COUNT; i++)
        account->dropped += get(&counters->dropped[i]);
}

void sj_live_account(const struct sj_live *live, struct sj_live_account *ret)
{
    struct sj_journal_stat journal;
    *ret = (struct sj_live_account){0};
    for (uint32_t i = 0; i < sj_gateway_count(live->gateway); i++)
        add_connection(ret, sj_gateway_counters(live->gateway, i));
    if (live->trader_counters)
        ret->own +=
            get(&live->trader_counters->published) + get(&live->trader_counters->account_published);
    ret->taken_over = live->taken_over;
    ret->accepted = get(&live->recorder.accepted_count);
    sj_journal_stat(live->journal, &journal);
    ret->durable = journal.durable_count;
    ret->journal_accepted = journal.accepted_count;
    ret->journal_events = live->recovery.event_count + journal.accepted_count;
    if (!live->store)
        return;
    struct sj_store_stats store;
    sj_store_stats_get(live->store, &store);
    uint64_t read = 0;
    for (uint32_t i = 0; i < store.stream_count; i++) {
        read += store.streams[i].read_count;
        ret->acknowledged += store.streams[i].acked_count;
        ret->waiting += store.streams[i].waiting_count;
        ret->dead += store.streams[i].dead_count;
    }
    /* What is durable but not read yet waits too. */
    ret->waiting += ret->journal_events - read;
    ret->has_store = true;
}

static bool equal(uint64_t left, uint64_t right, const char *what, char *ret_text, size_t size)
{
    if (left == right)
        return true;
    snprintf(ret_text, size, "%s: %llu against %llu, a difference of %lld", what,
             (unsigned long long)left, (unsigned long long)right, (long long)(left - right));
    return false;
}

bool sj_live_account_holds(const struct sj_live_account *account, char *ret_text, size_t size)
{
    uint64_t explained =
        account->events + account->beats + account->passed + account->malformed + account->dropped;
    return equal(account->received, explained,
                 "received = events + heartbeats + not market data + malformed + dropped", ret_text,
                 size) &&
           equal(account->events + account->own + account->taken_over, account->accepted,
                 "published = accepted by the journal", ret_text, size) &&
           equal(account->journal_accepted, account->durable, "accepted = durable", ret_text,
                 size) &&
           (!account->has_store ||
            equal(account->journal_events, account->acknowledged + account->waiting + account->dead,
                  "durable = acknowledged + waiting + dead-lettered", ret_text, size));
}
