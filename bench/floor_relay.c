/* floor_relay - the least that a media path can cost: N calls relayed by recvfrom/sendto and
 * recorded as raw 16-bit stereo, nothing parsed, nothing checked. What Python adds is the rest.
 *
 *     floor_relay CALLS SECONDS FOLDER     prints one JSON document
 *
 * Two processes: the child plays both ends of every call (a packet each 20 ms, staggered),
 * the parent relays and records; only the parent's CPU time is counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

enum { RTP = 12, FRAME = 160, PACKET = RTP + FRAME, BLOCK = 10, MAX_CALLS = 2000 };

struct leg { int relay, peer; struct sockaddr_in peer_address; long sent, heard; };
struct call { struct leg leg[2]; int file, frames[2]; int16_t pcm[BLOCK * FRAME][2]; };

static struct call *calls;
static int n_calls;
static int16_t linear[256];

static void die(const char *what) { perror(what); exit(1); }

static int udp(struct sockaddr_in *address) {
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof *address;
    memset(address, 0, size);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || bind(s, (void *)address, size) || getsockname(s, (void *)address, &size)) die("socket");
    return s;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void open_call(struct call *call, const char *folder, int number) {
    char name[512];
    for (int side = 0; side < 2; side++) {
        struct sockaddr_in relay;
        struct leg *leg = &call->leg[side];
        leg->relay = udp(&relay);
        leg->peer = udp(&leg->peer_address);
        if (connect(leg->peer, (void *)&relay, sizeof relay)) die("connect");
    }
    snprintf(name, sizeof name, "%s/%d.raw", folder, number);
    if ((call->file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0) die(name);
}

/* One side's frame into the block, which is written when both sides have filled it. */
static void record(struct call *call, int side, const uint8_t *payload) {
    int at = call->frames[side];
    if (at < BLOCK) {
        for (int i = 0; i < FRAME; i++) call->pcm[at * FRAME + i][side] = linear[payload[i]];
        call->frames[side]++;
    }
    if (call->frames[0] >= BLOCK && call->frames[1] >= BLOCK) {
        if (write(call->file, call->pcm, sizeof call->pcm) < 0) die("write");
        call->frames[0] = call->frames[1] = 0;
    }
}

static volatile sig_atomic_t ended;
static void on_end(int signal) { (void)signal; ended = 1; }

static void relay(void) {
    int epoll = epoll_create1(0);
    for (int i = 0; i < 2 * n_calls; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, calls[i / 2].leg[i % 2].relay, &event);
    }
    while (!ended) {
        struct epoll_event ready[256];
        int n = epoll_wait(epoll, ready, 256, 100);
        for (int i = 0; i < n; i++) {
            struct call *call = &calls[ready[i].data.u32 / 2];
            int side = ready[i].data.u32 % 2;
            struct leg *other = &call->leg[!side];
            uint8_t packet[2048];
            struct sockaddr_in from;
            socklen_t size = sizeof from;
            ssize_t length = recvfrom(call->leg[side].relay, packet, sizeof packet, 0, (void *)&from, &size);
            if (length != PACKET) continue;
            sendto(other->relay, packet, length, 0, (void *)&other->peer_address, sizeof from);
            record(call, side, packet + RTP);
        }
    }
}

static void play(double seconds) { /* a hundredth of the legs every 0.2 ms */
    uint8_t packet[2048] = {0x80};
    double begin = now();
    for (long tick = 0; tick < seconds * 5000; tick++) {
        double wait = begin + tick / 5000.0 - now();
        if (wait > 0) nanosleep(&(struct timespec){0, (long)(wait * 1e9)}, NULL);
        for (int i = tick % 100; i < 2 * n_calls; i += 100) {
            struct leg *leg = &calls[i / 2].leg[i % 2];
            while (recv(leg->peer, packet, sizeof packet, 0) == PACKET) leg->heard++;
            if (send(leg->peer, packet, PACKET, 0) == PACKET) leg->sent++;
        }
    }
    usleep(100000);
    long sent = 0, heard = 0;
    for (int i = 0; i < 2 * n_calls; i++) {
        struct leg *leg = &calls[i / 2].leg[i % 2];
        while (recv(leg->peer, packet, sizeof packet, 0) == PACKET) leg->heard++;
        sent += leg->sent;
        heard += leg->heard;
    }
    printf("{\"calls\": %d, \"seconds\": %.1f, \"packets\": %ld, \"lost\": %ld, ", n_calls, seconds, sent, sent - heard);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 4 || (n_calls = atoi(argv[1])) < 1 || n_calls > MAX_CALLS) {
        fprintf(stderr, "usage: floor_relay CALLS(1-%d) SECONDS FOLDER\n", MAX_CALLS);
        return 2;
    }
    double seconds = atof(argv[2]);
    struct rusage used;
    for (int u = 0; u < 256; u++) { /* G.711 mu-law */
        int v = ~u & 255, t = (((v & 15) << 3) + 0x84) << ((v & 0x70) >> 4);
        linear[u] = v & 0x80 ? 0x84 - t : t - 0x84;
    }
    if (!(calls = calloc(n_calls, sizeof *calls))) die("calloc");
    for (int i = 0; i < n_calls; i++) open_call(&calls[i], argv[3], i);
    signal(SIGCHLD, on_end);
    pid_t child = fork();
    if (child < 0) die("fork");
    if (!child) { play(seconds); return 0; }
    relay();
    waitpid(child, NULL, 0);
    getrusage(RUSAGE_SELF, &used);
    double cpu_s = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("\"cpu_s\": %.3f, \"cpu_s_per_call_minute\": %.5f}\n", cpu_s, cpu_s / (n_calls * seconds / 60));
    return 0;
}
