/* Stands in for API Gateway's management API, many times faster than any client measured against it. Also a backend that echoes.
 *
 *   management_api [latency_ms=N] [gone_every=N] [throttle_permille=N] [cap=N] [burst=N]
 *
 * POST .../@connections/{id}: 200, or 410 for every gone_every-th recipient, or 429 for throttle_permille of the posts and for
 * what exceeds `cap` a second (a token bucket of `burst`). A post without a SigV4 header gets 403. Signatures are not verified:
 * that would make the server the bottleneck. An id carries the recipient's number in its characters 2 to 10, and each number's
 * deliveries are counted, so that a lost or doubled message shows.
 * GET /stats: the counters as JSON. POST /reset: zero. Any other POST: 200 and its own body.
 * Listens on a free port of 127.0.0.1 and prints it.
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

enum { MAX_FDS = 65536, MAX_RECIPIENTS = 2000000, MAX_REQUEST = 300000 };

/* A request stays in its connection's buffer until it is answered; the next one is read after that. */
struct connection {
    char *buffer;
    size_t used, room, head, body;
    int waiting;
    uint32_t generation;
};

struct delayed {
    double due;
    int fd;
    uint32_t generation;
};

static struct connection connections[MAX_FDS];
static struct delayed *queue;
static size_t queue_first, queue_last, queue_room = 65536;
static unsigned char delivered[MAX_RECIPIENTS];
static long posts, sent, gone, throttled, refused, distinct, repeated, body_bytes;
static long latency_ms, gone_every, throttle_permille, cap, burst;
static double tokens, refilled;
static int poller;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void drop(int fd) {
    struct connection *c = &connections[fd];
    free(c->buffer);
    *c = (struct connection){.generation = c->generation + 1};
    close(fd);
}

static void put(int fd, const char *data, size_t length) {
    while (length) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) return;
        if (n > 0) data += n, length -= n;
        else usleep(100);
    }
}

static void answer(int fd, const char *status, const char *error, const char *body, size_t length) {
    char head[512];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s%s%sContent-Length: %zu\r\n\r\n", status,
                     error ? "x-amzn-ErrorType: " : "", error ? error : "", error ? "\r\n" : "", length);
    if (length + n < sizeof head) {
        memcpy(head + n, body, length);
        put(fd, head, n + length);
        return;
    }
    put(fd, head, n);
    put(fd, body, length);
}

static int over_the_cap(void) {
    if (!cap) return 0;
    double at = now();
    tokens += (at - refilled) * cap;
    if (tokens > burst) tokens = burst;
    refilled = at;
    if (tokens < 1) return 1;
    tokens -= 1;
    return 0;
}

static int unlucky(void) {
    static uint32_t state = 12345;
    state = state * 1664525u + 1013904223u;
    return (long)((state >> 8) % 1000) < throttle_permille;
}

static void answer_post(int fd, const char *id, const char *head, size_t body) {
    long number = 0;
    posts++;
    if (!strcasestr(head, "\r\nauthorization: AWS4-HMAC-SHA256 ")) {
        refused++;
        answer(fd, "403 Forbidden", "ForbiddenException", "{}", 2);
        return;
    }
    for (int i = 1; i <= 9; i++) number = number * 10 + (id[i] - '0');
    if (over_the_cap() || unlucky()) {
        throttled++;
        answer(fd, "429 Too Many Requests", "LimitExceededException", "{\"message\": \"Rate exceeded\"}", 28);
    } else if (gone_every && number % gone_every == 0) {
        gone++;
        answer(fd, "410 Gone", "GoneException", "{\"message\": null}", 17);
    } else {
        sent++;
        body_bytes += body;
        if (number >= 0 && number < MAX_RECIPIENTS) {
            if (!delivered[number]) distinct++;
            else repeated++;
            delivered[number] = 1;
        }
        answer(fd, "200 OK", NULL, "", 0);
    }
}

static void answer_stats(int fd) {
    char body[400];
    int n = snprintf(body, sizeof body,
                     "{\"posts\": %ld, \"sent\": %ld, \"gone\": %ld, \"throttled\": %ld, \"refused\": %ld, \"distinct\": %ld, "
                     "\"repeated\": %ld, \"body_bytes\": %ld}",
                     posts, sent, gone, throttled, refused, distinct, repeated, body_bytes);
    answer(fd, "200 OK", NULL, body, n);
}

static void reset(int fd) {
    posts = sent = gone = throttled = refused = distinct = repeated = body_bytes = 0;
    memset(delivered, 0, sizeof delivered);
    answer(fd, "200 OK", NULL, "{}", 2);
}

/* Answers the request at the front of the buffer and takes it away. */
static void respond(int fd) {
    struct connection *c = &connections[fd];
    char *head = c->buffer, last = c->buffer[c->head - 1];
    head[c->head - 1] = 0;
    char *id = strstr(head, "/@connections/");
    char *line_end = strstr(head, "\r\n");
    int closing = strcasestr(head, "\r\nconnection: close\r") != NULL;
    if (id && id < line_end) answer_post(fd, id + 14, head, c->body);
    else if (!strncmp(head, "GET /stats ", 11)) answer_stats(fd);
    else if (!strncmp(head, "POST /reset ", 12)) reset(fd);
    else answer(fd, "200 OK", NULL, c->buffer + c->head, c->body);
    head[c->head - 1] = last;
    size_t whole = c->head + c->body;
    c->used -= whole;
    memmove(c->buffer, c->buffer + whole, c->used);
    c->waiting = 0;
    c->head = c->body = 0;
    if (closing) drop(fd);
}

static void delay(int fd) {
    if (queue_last == queue_room) {
        memmove(queue, queue + queue_first, (queue_last - queue_first) * sizeof *queue);
        queue_last -= queue_first;
        queue_first = 0;
        if (queue_last > queue_room / 2) queue = realloc(queue, (queue_room *= 2) * sizeof *queue);
    }
    connections[fd].waiting = 1;
    queue[queue_last++] = (struct delayed){now() + latency_ms / 1e3, fd, connections[fd].generation};
}

/* Deals with every whole request in the buffer. */
static void parse(int fd) {
    struct connection *c = &connections[fd];
    uint32_t generation = c->generation;
    while (generation == c->generation && !c->waiting && c->used) {
        c->buffer[c->used] = 0;
        char *end = strstr(c->buffer, "\r\n\r\n");
        if (!end) return;
        char *length = strcasestr(c->buffer, "\r\ncontent-length:");
        c->head = end + 4 - c->buffer;
        c->body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        if (c->used < c->head + c->body) return;
        if (latency_ms && strncmp(c->buffer, "GET /stats ", 11)) delay(fd);
        else respond(fd);
    }
}

static void readable(int fd) {
    struct connection *c = &connections[fd];
    for (;;) {
        if (c->room < c->used + 4096) c->buffer = realloc(c->buffer, (c->room = c->used * 2 + 8192) + 1);
        ssize_t n = recv(fd, c->buffer + c->used, c->room - c->used, 0);
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0 || c->used + n > MAX_REQUEST) {
            drop(fd);
            return;
        }
        c->used += n;
        if (c->used < c->room) break;
    }
    parse(fd);
}

static void answer_what_is_due(void) {
    while (queue_first < queue_last && queue[queue_first].due <= now()) {
        struct delayed d = queue[queue_first++];
        if (connections[d.fd].generation != d.generation) continue;
        respond(d.fd);
        if (connections[d.fd].generation == d.generation) parse(d.fd);
    }
    if (queue_first == queue_last) queue_first = queue_last = 0;
}

static void accept_all(int listener) {
    int one = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on_a_free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) exit(1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void read_options(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        long number = value ? atol(value + 1) : 0;
        if (!strncmp(argv[i], "latency_ms=", 11)) latency_ms = number;
        else if (!strncmp(argv[i], "gone_every=", 11)) gone_every = number;
        else if (!strncmp(argv[i], "throttle_permille=", 18)) throttle_permille = number;
        else if (!strncmp(argv[i], "cap=", 4)) cap = number;
        else if (!strncmp(argv[i], "burst=", 6)) burst = number;
        else exit(2);
    }
    tokens = burst;
    refilled = now();
}

int main(int argc, char **argv) {
    struct rlimit files;
    read_options(argc, argv);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    queue = malloc(queue_room * sizeof *queue);
    poller = epoll_create1(0);
    int listener = listen_on_a_free_port();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[512];
        int n = epoll_wait(poller, events, 512, queue_first < queue_last ? 1 : -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener) accept_all(listener);
            else readable(events[i].data.fd);
        }
        answer_what_is_due();
    }
}
