"""The arithmetic of the indicators, one operation after the other as src/indicator has them, so that the bits agree.

Plain functions over numbers and sequences of numbers. Loaded as they are they run as Python, over lists; with `jit` set
to Numba's compiler before this file is executed, over arrays (see _fallback.load). So: no exceptions, no division by
zero, no operation that differs between the two.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, untyped-decorator, misc"
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__: list[str] = []

if "jit" not in globals():

    def jit(function: Callable[..., Any]) -> Callable[..., Any]:
        """Leaves it to the interpreter."""
        return function


VALUE_MAX = 1e15
VALUE_MIN = 1e-15
NAN = math.nan
INF = math.inf
I64_MAX = 2**63 - 1

# Where a state keeps what: I_ in its whole numbers, F_ in its floats.
LANES = 4
BUCKET_SLACK = 1e-9
BUCKETS_MAX = 2**62
VARIANCE_MIN = 1e-12
WEIGHT = (1.0, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7, 1.0 / 8, 1.0 / 9, 1.0 / 10)


@jit
def is_number(value):
    return abs(value) <= VALUE_MAX


@jit
def is_flow(value):
    return VALUE_MIN <= abs(value) <= VALUE_MAX


@jit
def is_present(price, quantity):
    return VALUE_MIN <= quantity <= VALUE_MAX and abs(price) <= VALUE_MAX


@jit
def is_quantity(value):
    return 0 <= value <= VALUE_MAX


@jit
def sum_of(values, begin, count):
    a = b = c = d = 0.0
    i = 0
    while i + 4 <= count:
        a += values[begin + i]
        b += values[begin + i + 1]
        c += values[begin + i + 2]
        d += values[begin + i + 3]
        i += 4
    while i < count:
        a += values[begin + i]
        i += 1
    return (a + b) + (c + d)


@jit
def seconds_since(from_ns, to_ns):
    if to_ns <= from_ns:
        return 0.0
    # Differences beyond 64 bits count as the greatest; they must not be taken, not even to be looked at.
    if from_ns < 0 and to_ns > from_ns + I64_MAX:
        return float(I64_MAX) * 1e-9
    return float(to_ns - from_ns) * 1e-9


# --- OFI. floats: 0 prices, 2 quantities, 4 sides, 6 net, 7 parts of the sum; ints: count ---


@jit
def ofi_rule(price, quantity, price_before, quantity_before):
    came = quantity if price >= price_before else 0.0
    left = quantity_before if price <= price_before else 0.0
    return came - left


@jit
def ofi_update(ints, floats, bid_price, bid_quantity, ask_price, ask_quantity):
    bp, bq, ap, aq = bid_price, bid_quantity, -ask_price, ask_quantity
    if not is_present(bp, bq):
        bp, bq = -INF, 0.0
    if not is_present(ap, aq):
        ap, aq = -INF, 0.0
    if ints[0] == 0:
        floats[0], floats[1], floats[2], floats[3] = bp, ap, bq, aq
    bid = ofi_rule(bp, bq, floats[0], floats[2])
    ask = ofi_rule(ap, aq, floats[1], floats[3])
    net = bid - ask
    floats[0], floats[1], floats[2], floats[3] = bp, ap, bq, aq
    floats[4], floats[5], floats[6] = bid, ask, net
    floats[7 + ints[0] % LANES] += net
    ints[0] += 1
    return net


@jit
def ofi_batch(ints, floats, bid_price, bid_quantity, ask_price, ask_quantity, out):
    for i in range(len(out)):
        out[i] = ofi_update(ints, floats, bid_price[i], bid_quantity[i], ask_price[i], ask_quantity[i])


# --- MLOFI. ints: 0 levels, 1 count, 2 interval count. floats, n levels: 0 weighted, 1 depth sum, then n each of
# weight, level, sum, bid price, bid quantity, ask price (negated), ask quantity ---


@jit
def mlofi_lanes(a, b, c, d):
    return (a + b) + (c + d)


@jit
def mlofi_update(ints, floats, bid_price, bid_quantity, ask_price, ask_quantity):
    n = ints[0]
    weight, level, sums, before = 2, 2 + n, 2 + 2 * n, 2 + 3 * n
    wa = wb = wc = wd = 0.0
    da = db = dc = dd = 0.0
    weighted = depth = 0.0
    grouped = n - n % 4
    for k in range(n):
        bp, bq, ap, aq = bid_price[k], bid_quantity[k], -ask_price[k], ask_quantity[k]
        if not is_present(bp, bq):
            bp, bq = -INF, 0.0
        if not is_present(ap, aq):
            ap, aq = -INF, 0.0
        if ints[1] == 0:
            floats[before + k], floats[before + n + k] = bp, bq
            floats[before + 2 * n + k], floats[before + 3 * n + k] = ap, aq
        bid = ofi_rule(bp, bq, floats[before + k], floats[before + n + k])
        ask = ofi_rule(ap, aq, floats[before + 2 * n + k], floats[before + 3 * n + k])
        net = bid - ask
        floats[before + k], floats[before + n + k] = bp, bq
        floats[before + 2 * n + k], floats[before + 3 * n + k] = ap, aq
        floats[level + k] = net
        floats[sums + k] += net
        if k == grouped and k > 0:
            weighted = mlofi_lanes(wa, wb, wc, wd)
            depth = mlofi_lanes(da, db, dc, dd)
        if k >= grouped:
            weighted += floats[weight + k] * net
            depth += bq + aq
        elif k % 4 == 0:
            wa += floats[weight + k] * net
            da += bq + aq
        elif k % 4 == 1:
            wb += floats[weight + k] * net
            db += bq + aq
        elif k % 4 == 2:
            wc += floats[weight + k] * net
            dc += bq + aq
        else:
            wd += floats[weight + k] * net
            dd += bq + aq
    if grouped == n:
        weighted = mlofi_lanes(wa, wb, wc, wd)
        depth = mlofi_lanes(da, db, dc, dd)
    floats[1] += depth
    floats[0] = weighted
    ints[1] += 1
    ints[2] += 1
    return weighted


@jit
def mlofi_batch(ints, floats, bid_price, bid_quantity, ask_price, ask_quantity, out):
    n = ints[0]
    for i in range(len(out)):
        weighted = mlofi_update(ints, floats, bid_price[i], bid_quantity[i], ask_price[i], ask_quantity[i])
        for k in range(n):
            out[i][k] = floats[2 + n + k]
        out[i][n] = weighted


@jit
def mlofi_scale(ints, floats, total):
    if not floats[1] > 0:
        return NAN
    return total / (floats[1] / (2.0 * ints[0] * float(ints[2])))


@jit
def mlofi_scaled(ints, floats, level):
    if level < 0 or level >= ints[0]:
        return NAN
    return mlofi_scale(ints, floats, floats[2 + 2 * ints[0] + level])


@jit
def mlofi_scaled_weighted(ints, floats):
    n = ints[0]
    total = 0.0
    for k in range(n):
        total += floats[2 + k] * floats[2 + 2 * n + k]
    return mlofi_scale(ints, floats, total)


@jit
def mlofi_begin(ints, floats):
    n = ints[0]
    for k in range(n):
        floats[2 + 2 * n + k] = 0.0
    floats[1] = 0.0
    ints[2] = 0


# --- the shape of a book ---


@jit
def microprice(bid_price, bid_quantity, ask_price, ask_quantity):
    if not (is_present(bid_price, bid_quantity) and is_present(ask_price, ask_quantity) and bid_price <= ask_price):
        return NAN
    return (ask_price * bid_quantity + bid_price * ask_quantity) / (bid_quantity + ask_quantity)


@jit
def microprice_batch(bid_price, bid_quantity, ask_price, ask_quantity, out):
    for i in range(len(out)):
        out[i] = microprice(bid_price[i], bid_quantity[i], ask_price[i], ask_quantity[i])


@jit
def shape(bid_price, bid_quantity, ask_price, ask_quantity, levels, out):
    """Writes mid, spread, microprice, imbalance, pressure, depth ratio, bid slope, ask slope."""
    b, bq, a, aq = NAN, 0.0, NAN, 0.0
    if levels > 0 and is_present(bid_price[0], bid_quantity[0]):
        b, bq = bid_price[0], bid_quantity[0]
    if levels > 0 and is_present(ask_price[0], ask_quantity[0]):
        a, aq = ask_price[0], ask_quantity[0]
    mid = (b + a) * 0.5
    bids = bid_weighing = bid_distance2 = bid_reach = 0.0
    asks = ask_weighing = ask_distance2 = ask_reach = 0.0
    for k in range(levels):
        q = d = 0.0
        if is_present(bid_price[k], bid_quantity[k]):
            q, d = bid_quantity[k], (bid_price[k] - mid) * -1.0
        bids += q
        bid_weighing += q * WEIGHT[k]
        bid_distance2 += d * d
        bid_reach += d * bids
        q = d = 0.0
        if is_present(ask_price[k], ask_quantity[k]):
            q, d = ask_quantity[k], (ask_price[k] - mid) * 1.0
        asks += q
        ask_weighing += q * WEIGHT[k]
        ask_distance2 += d * d
        ask_reach += d * asks
    best, weighing = bq + aq, bid_weighing + ask_weighing
    between = b <= a
    out[0] = mid
    out[1] = a - b
    out[2] = (a * bq + b * aq) / best if between else NAN
    out[3] = (bq - aq) / best if best > 0 else NAN
    out[4] = (bid_weighing - ask_weighing) / weighing if weighing > 0 else NAN
    out[5] = bids / asks if asks > 0 else NAN
    out[6] = bid_reach / bid_distance2 if between and bid_distance2 > 0 else NAN
    out[7] = ask_reach / ask_distance2 if between and ask_distance2 > 0 else NAN


@jit
def shape_batch(bid_price, bid_quantity, ask_price, ask_quantity, levels, out):
    for i in range(len(out)):
        shape(bid_price[i], bid_quantity[i], ask_price[i], ask_quantity[i], levels, out[i])


# --- the queue. ints: model. floats: 0 ahead, 1 level, 2 traded ---


@jit
def queue_trade(ints, floats, quantity):
    if not is_quantity(quantity):
        return 0.0
    ahead = floats[0]
    beyond = quantity - ahead if quantity > ahead else 0.0
    floats[0] = max(ahead - quantity, 0.0)
    floats[2] = min(floats[2] + quantity, VALUE_MAX)
    return beyond


@jit
def queue_weight(model, quantity):
    if model == 1:
        return quantity
    if model == 2:
        return quantity * quantity
    if model == 3:
        return quantity * quantity * quantity
    return math.log1p(quantity)


@jit
def queue_part_behind(model, ahead, behind):
    if model == 0:
        return 1.0
    total = queue_weight(model, ahead) + queue_weight(model, behind)
    return queue_weight(model, behind) / total if total > 0 else 1.0


@jit
def queue_level(ints, floats, quantity):
    if not is_quantity(quantity):
        return floats[0]
    left = max(floats[1] - floats[2], 0.0)
    cancelled = left - quantity
    ahead = min(floats[0], left)
    if cancelled > 0:
        behind = left - ahead
        from_behind = min(queue_part_behind(ints[0], ahead, behind) * cancelled, behind)
        ahead = max(ahead - (cancelled - from_behind), 0.0)
    floats[0] = min(ahead, quantity)
    floats[1] = quantity
    floats[2] = 0.0
    return floats[0]


@jit
def queue_batch(ints, floats, traded, level, ahead, fill):
    for i in range(len(ahead)):
        fill[i] = queue_trade(ints, floats, traded[i])
        ahead[i] = queue_level(ints, floats, level[i])


# --- TFI. ints: 0 window, 1 next, 2 count. floats: 0 net, 1 total, 2 the ring ---


@jit
def tfi_value(ints, floats):
    return min(max(floats[0] / floats[1], -1.0), 1.0) if floats[1] > 0 else NAN


@jit
def tfi_sum_again(ints, floats):
    window = ints[0]
    floats[0] = sum_of(floats, 2, window)
    a = b = c = d = 0.0
    i = 0
    while i + 4 <= window:
        a += abs(floats[2 + i])
        b += abs(floats[3 + i])
        c += abs(floats[4 + i])
        d += abs(floats[5 + i])
        i += 4
    while i < window:
        a += abs(floats[2 + i])
        i += 1
    floats[1] = (a + b) + (c + d)


@jit
def tfi_update(ints, floats, quantity):
    if is_flow(quantity):
        at = ints[1]
        old = floats[2 + at]
        floats[2 + at] = quantity
        floats[0] = (floats[0] - old) + quantity
        floats[1] = (floats[1] - abs(old)) + abs(quantity)
        ints[2] += 1
        ints[1] = 0 if at + 1 == ints[0] else at + 1
        if ints[1] == 0 or abs(old) * 4 > floats[1]:
            tfi_sum_again(ints, floats)
    return tfi_value(ints, floats)


@jit
def tfi_batch(ints, floats, quantity, out):
    for i in range(len(out)):
        out[i] = tfi_update(ints, floats, quantity[i])


# --- VPIN. ints: 0 window, 1 next, 2 buckets, 3 bars. floats: 0 bucket, 1 filled, 2 imbalance, 3 value, 4 sum, 5 sigma,
# 6 price, 7 mean of changes, 8 their squares, 9 the ring ---


@jit
def vpin_end_bucket(ints, floats):
    at = 9 + ints[1]
    size = abs(floats[2])
    floats[4] = max((floats[4] - floats[at]) + size, 0.0)
    floats[at] = size
    ints[1] += 1
    if ints[1] == ints[0]:
        ints[1] = 0
        floats[4] = sum_of(floats, 9, ints[0])
    if ints[2] < BUCKETS_MAX:
        ints[2] += 1
    floats[1] = 0.0
    floats[2] = 0.0
    if ints[2] >= ints[0]:
        floats[3] = min(floats[4] / (floats[0] * ints[0]), 1.0)


@jit
def vpin_skip(ints, floats, quantity):
    kept = (ints[0] + 2) * floats[0]
    rest = quantity % floats[0] + kept  # both are positive: fmod
    skipped = (quantity - rest) / floats[0]
    room = BUCKETS_MAX - ints[2]
    ints[2] += int(skipped) if skipped < float(room) else room
    return rest


@jit
def vpin_fill(ints, floats, quantity, lean):
    if quantity / floats[0] > ints[0] + 4.0:
        quantity = vpin_skip(ints, floats, quantity)
    while quantity > 0:
        room = floats[0] - floats[1]
        part = quantity if quantity < room else room
        floats[1] += part
        floats[2] += lean * part
        quantity -= part
        if floats[0] - floats[1] <= BUCKET_SLACK:
            vpin_end_bucket(ints, floats)


@jit
def vpin_take(ints, floats, quantity, leaning, lean):
    filled = floats[1] + quantity
    if floats[0] - filled > BUCKET_SLACK:
        floats[1] = filled
        floats[2] += leaning
    else:
        vpin_fill(ints, floats, quantity, lean)
    return floats[3]


@jit
def vpin_update(ints, floats, quantity):
    if not is_flow(quantity):
        return floats[3]
    return vpin_take(ints, floats, abs(quantity), quantity, math.copysign(1.0, quantity))


@jit
def vpin_lean(ints, floats, price):
    ints[3] += 1
    if ints[3] == 1:
        floats[6] = price
        return 0.0
    change = price - floats[6]
    sigma = floats[5]
    earlier = ints[3] - 2
    if sigma == 0 and earlier >= 2:
        sigma = math.sqrt(floats[8] / float(earlier - 1))
    from_mean = change - floats[7]
    floats[7] += from_mean / float(earlier + 1)
    floats[8] += max(from_mean * (change - floats[7]), 0.0)
    floats[6] = price
    if change == 0:
        return 0.0
    return math.erf(change / (sigma * 1.41421356237309504880)) if sigma > 0 else math.copysign(1.0, change)


@jit
def vpin_update_bulk(ints, floats, price, quantity):
    if not is_number(price) or not is_flow(quantity) or quantity < 0:
        return floats[3]
    lean = vpin_lean(ints, floats, price)
    return vpin_take(ints, floats, quantity, lean * quantity, lean)


@jit
def vpin_batch(ints, floats, quantity, out):
    for i in range(len(out)):
        out[i] = vpin_update(ints, floats, quantity[i])


@jit
def vpin_batch_bulk(ints, floats, price, quantity, out):
    for i in range(len(out)):
        out[i] = vpin_update_bulk(ints, floats, price[i], quantity[i])


# --- Hawkes ---

EXP_TABLE = tuple(
    float.fromhex(text)
    for text in (
        "0x1.0000000000000p+0 0x1.059b0d3158574p+0 0x1.0b5586cf9890fp+0 0x1.11301d0125b51p+0 0x1.172b83c7d517bp+0 "
        "0x1.1d4873168b9aap+0 0x1.2387a6e756238p+0 0x1.29e9df51fdee1p+0 0x1.306fe0a31b715p+0 0x1.371a7373aa9cbp+0 "
        "0x1.3dea64c123422p+0 0x1.44e086061892dp+0 0x1.4bfdad5362a27p+0 0x1.5342b569d4f82p+0 0x1.5ab07dd485429p+0 "
        "0x1.6247eb03a5585p+0 0x1.6a09e667f3bcdp+0 0x1.71f75e8ec5f74p+0 0x1.7a11473eb0187p+0 0x1.82589994cce13p+0 "
        "0x1.8ace5422aa0dbp+0 0x1.93737b0cdc5e5p+0 0x1.9c49182a3f090p+0 0x1.a5503b23e255dp+0 0x1.ae89f995ad3adp+0 "
        "0x1.b7f76f2fb5e47p+0 0x1.c199bdd85529cp+0 0x1.cb720dcef9069p+0 0x1.d5818dcfba487p+0 0x1.dfc97337b9b5fp+0 "
        "0x1.ea4afa2a490dap+0 0x1.f50765b6e4540p+0"
    ).split()
)
EXP_STEPS = float.fromhex("0x1.71547652b82fep+5")
EXP_STEP_HIGH = float.fromhex("0x1.62e42fefa0000p-6")
EXP_STEP_LOW = float.fromhex("0x1.cf79abc9e3b3ap-45")
EXP_SHIFT = float.fromhex("0x1.8p52")


@jit
def exp_minus(x):
    y = x if x < 700.0 else 700.0
    k = (EXP_SHIFT - y * EXP_STEPS) - EXP_SHIFT
    r = (-y - k * EXP_STEP_HIGH) - k * EXP_STEP_LOW
    r2 = r * r
    p = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120))
    series = r + r2 * p
    step = int(k)
    scale = math.ldexp(EXP_TABLE[step & 31], step >> 5)
    return scale + scale * series


# One process. ints: 0 terms, 1 last_ns, 2 count. floats: 0 base, 1 jump, 5 decay, 9 excited.


@jit
def hawkes_update(ints, floats, time_ns):
    seconds = seconds_since(ints[1], time_ns)
    if ints[0] == 1:
        floats[9] = floats[9] * exp_minus(floats[5] * seconds) + floats[1]
        value = floats[0] + floats[9]
    else:
        for k in range(4):
            floats[9 + k] = floats[9 + k] * exp_minus(floats[5 + k] * seconds) + floats[1 + k]
        value = floats[0] + ((floats[9] + floats[10]) + (floats[11] + floats[12]))
    ints[1] = max(ints[1], time_ns)
    ints[2] += 1
    return value


@jit
def hawkes_at(ints, floats, time_ns):
    seconds = seconds_since(ints[1], time_ns)
    a = floats[9] * exp_minus(floats[5] * seconds)
    b = floats[10] * exp_minus(floats[6] * seconds)
    c = floats[11] * exp_minus(floats[7] * seconds)
    d = floats[12] * exp_minus(floats[8] * seconds)
    return floats[0] + ((a + b) + (c + d))


@jit
def hawkes_batch(ints, floats, time_ns, out):
    for i in range(len(out)):
        out[i] = hawkes_update(ints, floats, time_ns[i])


# Buys and sells. ints: 0 last_ns, 1 count. floats: 0 base, 2 jump, 6 decay, 10 excited, 14 intensity.


@jit
def pair_update(ints, floats, time_ns, side):
    bought = 1.0 if side > 0 else 0.0
    sold = 1.0 if side < 0 else 0.0
    seconds = seconds_since(ints[0], time_ns)
    for k in range(4):
        came = bought if k % 2 == 0 else sold
        floats[10 + k] = floats[10 + k] * exp_minus(floats[6 + k] * seconds) + floats[2 + k] * came
    floats[14] = floats[0] + (floats[10] + floats[11])
    floats[15] = floats[1] + (floats[12] + floats[13])
    ints[0] = max(ints[0], time_ns)
    if bought != 0 or sold != 0:
        ints[1] += 1


@jit
def pair_at(ints, floats, time_ns, out):
    seconds = seconds_since(ints[0], time_ns)
    a = floats[10] * exp_minus(floats[6] * seconds)
    b = floats[11] * exp_minus(floats[7] * seconds)
    c = floats[12] * exp_minus(floats[8] * seconds)
    d = floats[13] * exp_minus(floats[9] * seconds)
    out[0] = floats[0] + (a + b)
    out[1] = floats[1] + (c + d)


@jit
def pair_batch(ints, floats, time_ns, side, buys, sells):
    for i in range(len(buys)):
        pair_update(ints, floats, time_ns[i], side[i])
        buys[i] = floats[14]
        sells[i] = floats[15]


# --- Kyle's lambda. ints: 0 window, 1 next, 2 count, 3 seen. floats: 0 price, 1 sums x, y, xx, xy, 5 value, 6 x, 6 + n
# y ---


@jit
def kyle_sum_again(ints, floats):
    n = ints[0]
    floats[1] = sum_of(floats, 6, n)
    floats[2] = sum_of(floats, 6 + n, n)
    xa = xb = xc = xd = 0.0
    ya = yb = yc = yd = 0.0
    i = 0
    while i + 4 <= n:
        x, y = 6 + i, 6 + n + i
        xa += floats[x] * floats[x]
        xb += floats[x + 1] * floats[x + 1]
        xc += floats[x + 2] * floats[x + 2]
        xd += floats[x + 3] * floats[x + 3]
        ya += floats[x] * floats[y]
        yb += floats[x + 1] * floats[y + 1]
        yc += floats[x + 2] * floats[y + 2]
        yd += floats[x + 3] * floats[y + 3]
        i += 4
    while i < n:
        xa += floats[6 + i] * floats[6 + i]
        ya += floats[6 + i] * floats[6 + n + i]
        i += 1
    floats[3] = (xa + xb) + (xc + xd)
    floats[4] = (ya + yb) + (yc + yd)


@jit
def kyle_slope(ints, floats):
    n = float(ints[0])
    spread = n * floats[3] - floats[1] * floats[1]
    if ints[2] < ints[0] or not spread > VARIANCE_MIN * n * floats[3]:
        return NAN
    return (n * floats[4] - floats[1] * floats[2]) / spread


@jit
def kyle_update(ints, floats, price, quantity):
    if not is_number(price) or not is_number(quantity):
        return floats[5]
    x, y = quantity, price - floats[0]
    floats[0] = price
    ints[3] += 1
    if ints[3] == 1:
        return floats[5]
    n, at = ints[0], ints[1]
    old_x, old_y = floats[6 + at], floats[6 + n + at]
    floats[6 + at] = x
    floats[6 + n + at] = y
    floats[1] = (floats[1] - old_x) + x
    floats[2] = (floats[2] - old_y) + y
    floats[3] = (floats[3] - old_x * old_x) + x * x
    floats[4] = (floats[4] - old_x * old_y) + x * y
    ints[2] += 1
    ints[1] = 0 if at + 1 == n else at + 1
    if ints[1] == 0 or old_x * old_x * 4 > floats[3]:
        kyle_sum_again(ints, floats)
    floats[5] = kyle_slope(ints, floats)
    return floats[5]


@jit
def kyle_batch(ints, floats, price, quantity, out):
    for i in range(len(out)):
        out[i] = kyle_update(ints, floats, price[i], quantity[i])


# --- volatility. ints: 0 window, 1 next, 2 count. floats: 0 price, 1 sum r2, 2 sum z2, 3 value, 4 weight (k - 1), then
# the ring twice ---


@jit
def volatility_average(ints, floats, begin):
    count = ints[0] - 1
    a = b = c = d = 0.0
    j = 0
    while j + 4 <= count:
        a += floats[4 + j] * floats[begin + j]
        b += floats[5 + j] * floats[begin + j + 1]
        c += floats[6 + j] * floats[begin + j + 2]
        d += floats[7 + j] * floats[begin + j + 3]
        j += 4
    z = (a + b) + (c + d)
    while j < count:
        z += floats[4 + j] * floats[begin + j]
        j += 1
    return z


@jit
def volatility_variance(ints, floats):
    if ints[2] + 1 < ints[0]:
        return NAN
    k, n = float(ints[0]), float(ints[2])
    psi2 = (k * k + 2) / (12 * k * k)
    raw = n / (n - k + 2) * floats[2] / (k * psi2) - floats[1] / (2 * k * k * psi2)
    return max(raw, 0.0)


@jit
def volatility_update(ints, floats, price):
    if not is_number(price) or not price * VALUE_MAX >= 1:
        return floats[3]
    before = floats[0]
    floats[0] = price
    if before == 0:
        return floats[3]
    kept = ints[0] - 1
    ring = 4 + kept
    r = math.log(price / before)
    floats[ring + ints[1]] = r
    floats[ring + ints[1] + kept] = r
    ints[1] = 0 if ints[1] + 1 == kept else ints[1] + 1
    ints[2] += 1
    floats[1] += r * r
    if ints[2] >= kept:
        z = volatility_average(ints, floats, ring + ints[1])
        floats[2] += z * z
    floats[3] = volatility_variance(ints, floats)
    return floats[3]


@jit
def volatility_batch(ints, floats, price, out):
    for i in range(len(out)):
        out[i] = volatility_update(ints, floats, price[i])


# --- bars. ints: 0 by, 1 done, 2 first_ns, 3 last_ns, 4 count. floats: 0 threshold, 1 multiplier, 2 open, 3 high, 4
# low, 5 close, 6 quantity, 7 signed quantity, 8 turnover. A bar that ends is copied 3 (ints) and 7 (floats) places
# behind ---


@jit
def bars_update(ints, floats, time_ns, price, quantity):
    if not is_number(price) or not is_flow(quantity):
        return 0
    size = abs(quantity)
    turnover = abs(price) * size * floats[1]
    measure = floats[6] + size if ints[0] == 1 else floats[8] + turnover
    if ints[4] == 0:
        ints[2] = time_ns
        floats[2] = floats[3] = floats[4] = price
    ints[4] += 1
    ints[3] = time_ns
    floats[3] = price if price > floats[3] else floats[3]
    floats[4] = price if price < floats[4] else floats[4]
    floats[5] = price
    floats[6] += size
    floats[7] += quantity
    floats[8] += turnover
    if not measure >= floats[0]:
        return 0
    for k in range(3):
        ints[5 + k] = ints[2 + k]
        ints[2 + k] = 0
    for k in range(7):
        floats[9 + k] = floats[2 + k]
        floats[2 + k] = 0.0
    ints[1] += 1
    return 1


@jit
def bars_batch(ints, floats, time_ns, price, quantity, ends):
    for i in range(len(ends)):
        ends[i] = bars_update(ints, floats, time_ns[i], price[i], quantity[i])
