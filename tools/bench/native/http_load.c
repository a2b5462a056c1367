/* Sends prepared HTTP requests, each once and over a connection of its own, and reports what came back.
 *
 *   http_load HOST PORT FILE CONNECTIONS SECONDS
 *
 * FILE holds requests, each preceded by its length (32 bits, little endian); every request says "Connection: close".
 * CONNECTIONS are kept busy until the file or the time is used up. With as many connections as requests, all are sent at once.
 * Prints one JSON object: requests answered, seconds, how many of each status, errors, latency.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024, HEAD = 16 };

struct connection {
    int fd;
    const char *request;
    size_t length, sent, received;
    char head[HEAD];
    double started;
};

static char *requests;
static size_t requests_size, next_request;
static struct sockaddr_in server;
static struct connection connections[MAX_CONNECTIONS];
static long statuses[600], errors, answered;
static double *latencies;
static size_t latency_room;
static int poller;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    requests_size = ftell(file);
    rewind(file);
    requests = malloc(requests_size);
    if (fread(requests, 1, requests_size, file) != requests_size) fail("read");
    fclose(file);
}

/* Opens a connection for the next request of the file; false when there is none left. */
static int begin(struct connection *c) {
    uint32_t length;
    int one = 1;
    if (next_request + 4 > requests_size) return 0;
    memcpy(&length, requests + next_request, 4);
    *c = (struct connection){.request = requests + next_request + 4, .length = length, .started = now()};
    next_request += 4 + length;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl");
    return 1;
}

static void finish(struct connection *c) {
    int status = 0;
    if (c->received >= 12) status = atoi(c->head + 9);
    if (status >= 100 && status < 600) {
        statuses[status]++;
        if ((size_t)answered == latency_room) {
            latency_room = latency_room ? latency_room * 2 : 4096;
            latencies = realloc(latencies, latency_room * sizeof *latencies);
        }
        latencies[answered++] = now() - c->started;
    } else {
        errors++;
    }
    close(c->fd);
}

/* True when the connection has had its answer, or has failed. */
static int advance(struct connection *c, uint32_t events) {
    char sink[16384];
    if (events & EPOLLOUT) {
        ssize_t n = send(c->fd, c->request + c->sent, c->length - c->sent, MSG_NOSIGNAL);
        if (n < 0) return errno != EAGAIN;
        c->sent += n;
        if (c->sent < c->length) return 0;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
        return 0;
    }
    for (;;) {
        ssize_t n = recv(c->fd, sink, sizeof sink, 0);
        if (n < 0) return errno != EAGAIN;
        if (n == 0) return 1;
        for (ssize_t i = 0; i < n && c->received + i < HEAD - 1; i++) c->head[c->received + i] = sink[i];
        c->received += n;
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(double seconds) {
    const char *comma = "";
    qsort(latencies, answered, sizeof *latencies, by_value);
    printf("{\"requests\": %ld, \"seconds\": %.6f, \"errors\": %ld, \"statuses\": {", answered, seconds, errors);
    for (int status = 100; status < 600; status++) {
        if (!statuses[status]) continue;
        printf("%s\"%d\": %ld", comma, status, statuses[status]);
        comma = ", ";
    }
    printf("}, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", answered ? latencies[answered / 2] * 1e3 : 0.0,
           answered ? latencies[answered * 99 / 100] * 1e3 : 0.0);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: http_load HOST PORT FILE CONNECTIONS SECONDS\n");
        return 2;
    }
    int wanted = atoi(argv[4]), busy = 0;
    if (wanted < 1 || wanted > MAX_CONNECTIONS) return 2;
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 2;
    load(argv[3]);
    poller = epoll_create1(0);
    double started = now(), last = started, deadline = started + atof(argv[5]);
    while (busy < wanted && begin(&connections[busy])) busy++;
    while (busy) {
        struct epoll_event events[256];
        int n = epoll_wait(poller, events, 256, 30000);
        if (n <= 0) {
            fprintf(stderr, "http_load: no answer for 30 seconds\n");
            return 1;
        }
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (!advance(c, events[i].events)) continue;
            finish(c);
            last = now();
            if (last >= deadline || !begin(c)) busy--;
        }
    }
    report(last - started);
    return 0;
}
