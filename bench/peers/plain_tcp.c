/*
 * The floor: a ping-pong of two processes over one loopback TCP connection, both polling, no messages, no matching.
 *
 *   plain_tcp [--bytes LIST] [--seconds S] [--warmup S]
 *
 * Non-blocking sockets with TCP_NODELAY, buffers as the kernel gives them, send() and recv() called until the message
 * is through. Prints the same JSON lines as mpi_bench, half a round trip, so that `boxer bench pingpong` can be set beside it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SIZES = 64, MIN_ITERATIONS = 5, MAX_ITERATIONS = 200000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *data, long length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            data += sent;
            length -= sent;
        } else if (errno != EAGAIN)
            fail("send");
    }
}

/* Returns 0 when the peer has closed. */
static int receive_all(int fd, char *data, long length)
{
    while (length > 0) {
        ssize_t received = recv(fd, data, (size_t)length, MSG_DONTWAIT);
        if (received > 0) {
            data += received;
            length -= received;
        } else if (received == 0)
            return 0;
        else if (errno != EAGAIN)
            fail("recv");
    }
    return 1;
}

static char *buffer(long length)
{
    char *memory = malloc((size_t)length + 1);
    if (memory == NULL)
        fail("malloc");
    memset(memory, 1, (size_t)length + 1);
    return memory;
}

static void echo(int fd, const long *sizes, int count)
{
    for (int i = 0; i < count; i++) {
        char *in = buffer(sizes[i]), *out = buffer(sizes[i]), more;
        while (receive_all(fd, &more, 1) && more)
            for (int j = 0; j < more; j++) {
                receive_all(fd, in, sizes[i]);
                send_all(fd, out, sizes[i]);
            }
        free(in);
        free(out);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The echo side is told in batches of 100 round trips, outside the timed part. */
static void measure(int fd, long bytes, double warmup, double seconds)
{
    static double samples[MAX_ITERATIONS];
    char *in = buffer(bytes), *out = buffer(bytes), batch = 100;
    long iterations = 0;
    double began = now(), limit = warmup * 1e6;
    for (int warm = 0; warm < 2; warm++) {
        iterations = 0;
        while ((now() - began < limit || iterations < MIN_ITERATIONS) && iterations + batch <= MAX_ITERATIONS) {
            batch = bytes > 65536 ? 5 : 100;
            send_all(fd, &batch, 1);
            for (int i = 0; i < batch; i++) {
                double start = now();
                send_all(fd, out, bytes);
                receive_all(fd, in, bytes);
                samples[iterations++] = (now() - start) / 2;
            }
        }
        began = now();
        limit = seconds * 1e6;
    }
    batch = 0;
    send_all(fd, &batch, 1);

    qsort(samples, (size_t)iterations, sizeof(double), ascending);
    printf("{\"op\":\"pingpong\",\"ranks\":2,\"bytes\":%ld,\"us_min\":%.3f,\"us_median\":%.3f,\"us_p99\":%.3f,\"iters\":%ld,"
           "\"topology\":\"pair\",\"algorithm\":\"plain-tcp\"}\n",
           bytes, samples[0], samples[iterations / 2], samples[(iterations * 99 + 99) / 100 - 1], iterations);
    fflush(stdout);
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    double seconds = 1.0, warmup = 0.2;
    long sizes[MAX_SIZES] = { 8 };
    int count = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--warmup") == 0)
            warmup = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--bytes") == 0) {
            count = 0;
            for (char *save, *item = strtok_r(argv[i + 1], ",", &save); item && count < MAX_SIZES; item = strtok_r(NULL, ",", &save)) {
                char *unit;
                sizes[count] = strtol(item, &unit, 10);
                sizes[count++] <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : 0;
            }
        }
    }

    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd, one = 1;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0)
        fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    pid_t child = fork();
    if (child == 0) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, length) != 0)
            fail("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        echo(fd, sizes, count);
        exit(0);
    }
    fd = accept(listener, NULL, NULL);
    if (fd < 0)
        fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (int i = 0; i < count; i++)
        measure(fd, sizes[i], warmup, seconds);
    close(fd);
    waitpid(child, NULL, 0);
    return 0;
}
