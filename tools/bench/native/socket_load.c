/* Opens many WebSockets and sends messages over them in a closed loop: far lighter than any server measured with it.
 *
 *   socket_load HOST PORT PATH
 *
 * Reads commands, one a line, and answers each with one JSON line:
 *   open COUNT PARALLEL        opens sockets until COUNT are open, PARALLEL handshakes at a time
 *   run SECONDS ACTIVE SIZE    ACTIVE sockets each send a message of SIZE bytes, wait until it comes back, and send the next
 *   quit                       closes everything
 * A message that comes back changed is an error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SOCKETS = 20000, ROOM = 4096, MAX_SAMPLES = 4000000 };
enum state { UNUSED, CONNECTING, HANDSHAKE, OPEN, FAILED };

struct connection {
    int fd;
    enum state state;
    double started;
    size_t used;
    char buffer[ROOM];
};

static struct connection *sockets;
static struct sockaddr_in server;
static char handshake[1024], message[ROOM], frame[ROOM];
static size_t handshake_length, message_length, frame_length;
static float *samples;
static long opened, failed, echoed, errors;
static int poller, sending;
static double deadline;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void make_message(size_t size) {
    static const unsigned char mask[4] = {0x11, 0x22, 0x33, 0x44};
    size_t at = 0;
    message_length = snprintf(message, sizeof message, "{\"action\": \"echo\", \"message\": \"");
    while (message_length + 2 < size) message[message_length++] = 'x';
    memcpy(message + message_length, "\"}", 2);
    message_length += 2;
    frame[at++] = (char)0x81;
    if (message_length < 126) {
        frame[at++] = (char)(0x80 | message_length);
    } else {
        frame[at++] = (char)(0x80 | 126);
        frame[at++] = (char)(message_length >> 8);
        frame[at++] = (char)(message_length & 255);
    }
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < message_length; i++) frame[at + i] = (char)(message[i] ^ mask[i % 4]);
    frame_length = at + message_length;
}

static void send_message(struct connection *c) {
    c->started = now();
    if (send(c->fd, frame, frame_length, MSG_NOSIGNAL) != (ssize_t)frame_length) errors++;
}

static void begin(struct connection *c) {
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    c->state = CONNECTING;
    c->used = 0;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)) {
        perror("connect");
        exit(1);
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

static void give_up(struct connection *c) {
    if (c->state == OPEN) errors++;
    else failed++;
    c->state = FAILED;
    close(c->fd);
}

static void received_handshake(struct connection *c) {
    c->buffer[c->used] = 0;
    char *end = strstr(c->buffer, "\r\n\r\n");
    if (!end) return;
    if (strncmp(c->buffer, "HTTP/1.1 101 ", 13)) {
        give_up(c);
        return;
    }
    c->used -= end + 4 - c->buffer;
    memmove(c->buffer, end + 4, c->used);
    c->state = OPEN;
    opened++;
}

static void received_frames(struct connection *c) {
    for (;;) {
        unsigned char *b = (unsigned char *)c->buffer;
        size_t head = 2, length;
        if (c->used < 2) return;
        length = b[1] & 127;
        if (length == 126) {
            if (c->used < 4) return;
            length = b[2] << 8 | b[3];
            head = 4;
        }
        if (head + length > ROOM - 1) {
            give_up(c);
            return;
        }
        if (c->used < head + length) return;
        int text = (b[0] & 15) == 1;
        if (text && (length != message_length || memcmp(c->buffer + head, message, length))) errors++;
        else if (text) samples[echoed++ % MAX_SAMPLES] = now() - c->started;
        c->used -= head + length;
        memmove(c->buffer, c->buffer + head + length, c->used);
        if (text && sending) {
            if (now() < deadline) send_message(c);
            else sending--;
        }
    }
}

static void handle(struct connection *c, uint32_t events) {
    if (c->state == CONNECTING && events & EPOLLOUT) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        c->state = HANDSHAKE;
        epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
        if (send(c->fd, handshake, handshake_length, MSG_NOSIGNAL) != (ssize_t)handshake_length) give_up(c);
        return;
    }
    ssize_t n = recv(c->fd, c->buffer + c->used, ROOM - 1 - c->used, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) give_up(c);
        return;
    }
    c->used += n;
    if (c->state == HANDSHAKE) received_handshake(c);
    if (c->state == OPEN) received_frames(c);
}

static int step(void) {
    struct epoll_event events[512];
    int n = epoll_wait(poller, events, 512, 30000);
    for (int i = 0; i < n; i++) handle(events[i].data.ptr, events[i].events);
    return n;
}

static void open_sockets(long count, long parallel) {
    long next = opened + failed, before = opened;
    double started = now();
    if (count > MAX_SOCKETS) count = MAX_SOCKETS;
    while (opened + failed < count) {
        while (next < count && next - opened - failed < parallel) begin(&sockets[next++]);
        if (step() <= 0) break;
    }
    printf("{\"opened\": %ld, \"failed\": %ld, \"seconds\": %.6f}\n", opened - before, failed, now() - started);
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void run(double seconds, long active, size_t size) {
    double started = now();
    make_message(size);
    echoed = errors = 0;
    sending = 0;
    deadline = started + seconds;
    for (long i = 0; i < MAX_SOCKETS && sending < active; i++) {
        if (sockets[i].state != OPEN) continue;
        sending++;
        send_message(&sockets[i]);
    }
    while (sending > 0 && now() < deadline + 30)
        if (step() <= 0) break;
    long kept = echoed < MAX_SAMPLES ? echoed : MAX_SAMPLES;
    qsort(samples, kept, sizeof *samples, by_value);
    printf("{\"messages\": %ld, \"errors\": %ld, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", echoed, errors,
           now() - started, kept ? samples[kept / 2] * 1e3 : 0.0, kept ? samples[kept * 99 / 100] * 1e3 : 0.0);
}

int main(int argc, char **argv) {
    char line[128];
    struct rlimit files;
    if (argc != 4) {
        fprintf(stderr, "usage: socket_load HOST PORT PATH\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 2;
    handshake_length = snprintf(handshake, sizeof handshake,
                                "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nUser-Agent: socket_load\r\n"
                                "Origin: https://www.example.com\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                                argv[3], argv[1], argv[2]);
    sockets = calloc(MAX_SOCKETS, sizeof *sockets);
    samples = malloc(MAX_SAMPLES * sizeof *samples);
    poller = epoll_create1(0);
    while (fgets(line, sizeof line, stdin)) {
        long count, parallel, active;
        size_t size;
        double seconds;
        if (sscanf(line, "open %ld %ld", &count, &parallel) == 2) open_sockets(count, parallel);
        else if (sscanf(line, "run %lf %ld %zu", &seconds, &active, &size) == 3) run(seconds, active, size);
        else if (!strncmp(line, "quit", 4)) break;
        else return 2;
        fflush(stdout);
    }
    return 0;
}
