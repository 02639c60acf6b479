/* lanes - the usual packet of a leg, dealt with in C: what session.on_rtp, ReceptionStats.take,
 * TapSide.take, OutStream.relayed and sendto do for a packet that continues what is known.
 *
 *     datagram ──▶ lane_take ──▶ UNUSUAL: nothing is changed, Python deals with it
 *                           ├──▶ KEPT: counted, taped
 *                           └──▶ SEND: and rewritten in place, for the leg that hears it
 *
 * Rule 1: whether a packet is usual is decided before anything is changed.
 * Rule 2: the numbers are Python's too: it reads and writes the same structs (lanes.py), one thread
 *         at a time, never while lanes_drain runs.
 * Rule 3: nothing is read of a packet but its twelve bytes of header and its length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADER = 12, PLAIN = 0x80, MARKER = 0x80, LAWS = 3, FRESH = 4800, MOST = 2048, BATCH = 64 };
enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100, FAR = 3000, BACK = 0x8000, MOST_BACK = 80000 };
enum { UNUSUAL = 0, KEPT = 1, SEND = 2 };
enum { HEARS_NOTHING = 0, HEARS_USUAL = 1, HEARS_UNUSUAL = 2 };

struct reception { /* rtcp.ReceptionStats */
    int64_t ssrc, max_seq, cycles, received;
    double transit, jitter, heard_at;
};

struct stream { /* stream.OutStream */
    int64_t ssrc, feeder, relayed_seq, relayed_ts, seq_offset, ts_offset;
    int64_t last_seq, last_ts, last_samples, packets, octets;
    double last_at;
};

struct side { /* tap.TapSide: codes that continue its buffer, until Python fetches them */
    int64_t next_ts, law, fresh;
    uint8_t codes[FRESH];
};

struct lane {
    struct reception reception;
    struct stream stream;
    struct side *side;           /* NULL: not taped */
    struct lane *hearer;         /* NULL: nobody */
    const uint8_t *tables[LAWS]; /* as hearer, by the speaker's law; NULL: as it is */
    int32_t fd;
    uint32_t locked_address, target_address; /* in network order, as the ports */
    uint16_t locked_port, target_port;
    uint8_t is_usual, hearing, payload_type;
    uint8_t laws[128]; /* by payload type; 0: not audio that we know */
};

struct loop {
    struct lane *unusual; /* whose datagram is handed up; NULL: none */
    int64_t size;
    int32_t epoll;
    uint32_t address;
    uint16_t port;
    uint8_t data[MOST];
};

const int64_t lanes_layout[] = {
    sizeof(struct reception), sizeof(struct stream), sizeof(struct side), sizeof(struct lane),
    sizeof(struct loop), offsetof(struct lane, laws), offsetof(struct loop, data),
};

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put16(uint8_t *at, uint16_t value) { at[0] = value >> 8, at[1] = value & 0xFF; }

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value & 0xFFFF);
}

/* RFC 3550 A.1: goes on from what came before, or was overtaken on the way. */
static int is_received_in_order(const struct reception *r, uint16_t seq, uint32_t ssrc) {
    int step = (seq - r->max_seq) & 0xFFFF;
    return r->ssrc == ssrc && (step < MAX_DROPOUT || step > 0x10000 - MAX_MISORDER);
}

static int continues_turn(const struct stream *s, uint16_t seq, uint32_t rtp_ts, uint32_t ssrc) {
    int step = (seq - s->relayed_seq) & 0xFFFF;
    int32_t later = (int32_t)(rtp_ts - (uint32_t)s->relayed_ts);
    return s->feeder == ssrc && !(FAR < step && step < 0x10000 - FAR) && later >= -MOST_BACK;
}

static void receive(struct reception *r, uint16_t seq, uint32_t rtp_ts, double now) {
    if (((seq - r->max_seq) & 0xFFFF) < MAX_DROPOUT) {
        r->cycles += seq < r->max_seq;
        r->max_seq = seq;
    }
    r->received++;
    r->heard_at = now;
    double transit = now * 8000.0 - rtp_ts;
    double difference = fabs(transit - r->transit); /* not a number before the first */
    if (difference < 240000.0) r->jitter += (difference - r->jitter) / 16.0;
    r->transit = transit;
}

static void relay(struct lane *to, uint8_t *data, int law, int samples, double now) {
    struct stream *s = &to->stream;
    uint16_t seq = get16(data + 2);
    uint32_t rtp_ts = get32(data + 4);
    uint16_t out_seq = (uint16_t)(seq + s->seq_offset);
    uint32_t out_ts = (uint32_t)(rtp_ts + s->ts_offset);
    if (((seq - s->relayed_seq) & 0xFFFF) < BACK) {
        s->relayed_seq = seq;
        s->last_seq = out_seq;
        if (samples) {
            s->relayed_ts = rtp_ts;
            s->last_ts = out_ts;
            s->last_samples = samples;
            s->last_at = now;
        }
    }
    s->packets++;
    s->octets += samples;
    data[1] = (data[1] & MARKER) | to->payload_type;
    put16(data + 2, out_seq);
    put32(data + 4, out_ts);
    put32(data + 8, (uint32_t)s->ssrc);
    const uint8_t *table = to->tables[law];
    if (table)
        for (int i = 0; i < samples; i++) data[HEADER + i] = table[data[HEADER + i]];
}

int lane_take(struct lane *lane, uint8_t *data, int size, uint32_t address, uint16_t port, double now) {
    if (!lane->is_usual || size < HEADER || size > MOST || data[0] != PLAIN) return UNUSUAL;
    int law = lane->laws[data[1] & 0x7F], samples = size - HEADER;
    if (!law || address != lane->locked_address || port != lane->locked_port) return UNUSUAL;
    uint16_t seq = get16(data + 2);
    uint32_t rtp_ts = get32(data + 4), ssrc = get32(data + 8);
    struct side *side = lane->side;
    struct lane *hearer = lane->hearer;
    if (!is_received_in_order(&lane->reception, seq, ssrc)) return UNUSUAL;
    if (side && (side->next_ts != rtp_ts || side->law != law || side->fresh + samples > FRESH))
        return UNUSUAL;
    if (hearer && hearer->hearing == HEARS_UNUSUAL) return UNUSUAL;
    if (hearer && hearer->hearing == HEARS_NOTHING) hearer = NULL;
    if (hearer && !continues_turn(&hearer->stream, seq, rtp_ts, ssrc)) return UNUSUAL;

    receive(&lane->reception, seq, rtp_ts, now);
    if (side) {
        memcpy(side->codes + side->fresh, data + HEADER, samples);
        side->fresh += samples;
        side->next_ts = (uint32_t)(rtp_ts + samples);
    }
    if (!hearer) return KEPT;
    relay(hearer, data, law, samples, now);
    return SEND;
}

static double monotonic_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void send_on(const struct lane *to, const uint8_t *data, int size) {
    struct sockaddr_in target = {.sin_family = AF_INET};
    target.sin_addr.s_addr = to->target_address;
    target.sin_port = to->target_port;
    /* A full buffer or no route: RTP is not repeated. */
    (void)!sendto(to->fd, data, size, MSG_DONTWAIT, (void *)&target, sizeof target);
}

int lanes_watch(const struct loop *loop, struct lane *lane) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = lane};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, lane->fd, &event);
}

int lanes_unwatch(const struct loop *loop, const struct lane *lane) {
    return epoll_ctl(loop->epoll, EPOLL_CTL_DEL, lane->fd, NULL);
}

/* Deal with what waits, as far as the first unusual datagram; gives the number of datagrams. What
 * was ready after it is asked for anew: its lane may be gone when Python is done with this one. */
int lanes_drain(struct loop *loop) {
    struct epoll_event ready[BATCH];
    int done = 0, count = epoll_wait(loop->epoll, ready, BATCH, 0);
    loop->unusual = NULL;
    for (int i = 0; i < count; i++) {
        struct lane *lane = ready[i].data.ptr;
        struct sockaddr_in from = {0};
        socklen_t length = sizeof from;
        ssize_t size = recvfrom(lane->fd, loop->data, MOST, MSG_DONTWAIT, (void *)&from, &length);
        if (size < 0) continue; /* gone again, or an ICMP error of something we sent */
        done++;
        int fate = lane_take(lane, loop->data, size, from.sin_addr.s_addr, from.sin_port, monotonic_s());
        if (fate == SEND) send_on(lane->hearer, loop->data, size);
        if (fate != UNUSUAL) continue;
        loop->unusual = lane;
        loop->size = size;
        loop->address = from.sin_addr.s_addr;
        loop->port = from.sin_port;
        break;
    }
    return done;
}
