/*
 * The peer of `boxer bench`: the same operations, timed by the same method, in plain MPI C.
 *
 *   mpirun -n P mpi_bench OP[,OP...] [--bytes LIST] [--seconds S] [--warmup S] [--check]
 *
 * Prints one JSON line an operation and size on rank 0. What is timed is told in docs/benchmarks.md;
 * launcher/Bench/BenchRank.cs does the same steps in the same order. A change here is a change there.
 */
#define _POSIX_C_SOURCE 200809L
#include <mpi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WINDOW = 64, MAX_SIZES = 64, MIN_ITERATIONS = 5, MAX_ITERATIONS = 200000, ACK_TAG = 1 };

static int rank, size;
static long bytes;          /* of the current measurement */
static char *send_buffer;   /* what this rank sends, filled by the pattern */
static char *receive_buffer;
static int *counts, *displacements;
static MPI_Request requests[WINDOW];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static void fail(const char *what)
{
    fprintf(stderr, "mpi_bench: rank %d: %s\n", rank, what);
    MPI_Abort(MPI_COMM_WORLD, 2);
    exit(2);
}

/* ---- data: a formula of sender, receiver and index, so that every expected value is a formula too ---- */

static unsigned char pattern(int from, int to, long i)
{
    return (unsigned char)(from * 31 + to * 17 + i * 7 + 1);
}

/* Small integers: sums of them are exact in float and double, whatever the order. */
static int term(int from, long i) { return from + 1 + (int)(i % 17); }
static int sum(long i) { return size * (size + 1) / 2 + size * (int)(i % 17); }

static void fill_block(char *block, int from, int to)
{
    for (long i = 0; i < bytes; i++)
        block[i] = (char)pattern(from, to, i);
}

static void check_block(const char *block, int from, int to)
{
    for (long i = 0; i < bytes; i++)
        if ((unsigned char)block[i] != pattern(from, to, i))
            fail("wrong data received");
}

/* ---- the operations: buffers needed, filling, one call, checking ---- */

typedef struct {
    const char *name;
    int pair;                       /* point-to-point: ranks 0 and 1 take part, rank 0 keeps the time */
    int element;                    /* bytes must be a multiple */
    long (*send_length)(void);
    long (*receive_length)(void);
    void (*fill)(void);
    void (*call)(void);
    void (*check)(void);
} Operation;

static long nothing(void) { return 0; }
static long vector(void) { return bytes; }
static long blocks(void) { return bytes * size; }
static long window(void) { return bytes * WINDOW; }
static void no_data(void) { }

static void fill_for_peer(void) { fill_block(send_buffer, rank, 1 - rank); }

static void ping_pong(void)
{
    if (rank == 0) {
        MPI_Send(send_buffer, (int)bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(receive_buffer, (int)bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        MPI_Recv(receive_buffer, (int)bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(send_buffer, (int)bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
}
static void check_from_peer(void) { check_block(receive_buffer, 1 - rank, rank); }

static void stream(void)
{
    char ack = 0;
    if (rank == 0) {
        for (int i = 0; i < WINDOW; i++)
            MPI_Isend(send_buffer, (int)bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[i]);
        MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
        MPI_Recv(&ack, 1, MPI_BYTE, 1, ACK_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        for (int i = 0; i < WINDOW; i++)
            MPI_Irecv(receive_buffer + i * bytes, (int)bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &requests[i]);
        MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
        MPI_Send(&ack, 1, MPI_BYTE, 0, ACK_TAG, MPI_COMM_WORLD);
    }
}
static void check_window(void)
{
    if (rank == 1)
        for (int i = 0; i < WINDOW; i++)
            check_block(receive_buffer + i * bytes, 0, 1);
}

static void message_rate(void)
{
    char ack = 0;
    if (rank == 0) {
        for (int i = 0; i < WINDOW; i++)
            MPI_Send(send_buffer, (int)bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(&ack, 1, MPI_BYTE, 1, ACK_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        for (int i = 0; i < WINDOW; i++)
            MPI_Recv(receive_buffer + i * bytes, (int)bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(&ack, 1, MPI_BYTE, 0, ACK_TAG, MPI_COMM_WORLD);
    }
}

static void barrier(void) { MPI_Barrier(MPI_COMM_WORLD); }

/* The vector of a broadcast is both buffers' role in one: the root's is filled, the others' are overwritten. */
static void fill_broadcast(void)
{
    if (rank == 0)
        fill_block(send_buffer, 0, 0);
    else
        memset(send_buffer, 0, (size_t)bytes);
}
static void broadcast(void) { MPI_Bcast(send_buffer, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD); }
static void check_broadcast(void) { check_block(send_buffer, 0, 0); }

static void fill_doubles(double *at, long count)
{
    for (long i = 0; i < count; i++)
        at[i] = term(rank, i);
}
static void fill_reduce(void) { fill_doubles((double *)send_buffer, bytes / 8); }
static void reduce(void)
{
    MPI_Reduce(send_buffer, receive_buffer, (int)(bytes / 8), MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
}
static void check_reduce(void)
{
    if (rank == 0)
        for (long i = 0; i < bytes / 8; i++)
            if (((double *)receive_buffer)[i] != sum(i))
                fail("wrong sum");
}

static void fill_allreduce(void)
{
    for (long i = 0; i < bytes / 4; i++)
        ((float *)send_buffer)[i] = (float)term(rank, i);
}
static void allreduce(void)
{
    MPI_Allreduce(send_buffer, receive_buffer, (int)(bytes / 4), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}
static void check_allreduce(void)
{
    for (long i = 0; i < bytes / 4; i++)
        if (((float *)receive_buffer)[i] != (float)sum(i))
            fail("wrong sum");
}

static void fill_reduce_scatter(void) { fill_doubles((double *)send_buffer, bytes / 8 * size); }
static void reduce_scatter(void)
{
    MPI_Reduce_scatter_block(send_buffer, receive_buffer, (int)(bytes / 8), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}
static void check_reduce_scatter(void)
{
    for (long i = 0; i < bytes / 8; i++)
        if (((double *)receive_buffer)[i] != sum(rank * (bytes / 8) + i))
            fail("wrong sum");
}

static void fill_own(void) { fill_block(send_buffer, rank, 0); }
static void allgather(void)
{
    MPI_Allgather(send_buffer, (int)bytes, MPI_BYTE, receive_buffer, (int)bytes, MPI_BYTE, MPI_COMM_WORLD);
}
static void check_allgather(void)
{
    for (int from = 0; from < size; from++)
        check_block(receive_buffer + from * bytes, from, 0);
}

static void fill_alltoall(void)
{
    for (int to = 0; to < size; to++) {
        fill_block(send_buffer + to * bytes, rank, to);
        counts[to] = (int)bytes;
        displacements[to] = (int)(to * bytes);
    }
}
static void alltoall(void)
{
    MPI_Alltoall(send_buffer, (int)bytes, MPI_BYTE, receive_buffer, (int)bytes, MPI_BYTE, MPI_COMM_WORLD);
}
static void alltoallv(void)
{
    MPI_Alltoallv(send_buffer, counts, displacements, MPI_BYTE, receive_buffer, counts, displacements, MPI_BYTE, MPI_COMM_WORLD);
}
static void check_alltoall(void)
{
    for (int from = 0; from < size; from++)
        check_block(receive_buffer + from * bytes, from, rank);
}

static const Operation operations[] = {
    { "pingpong", 1, 1, vector, vector, fill_for_peer, ping_pong, check_from_peer },
    { "stream", 1, 1, vector, window, fill_for_peer, stream, check_window },
    { "mrate", 1, 1, vector, window, fill_for_peer, message_rate, check_window },
    { "barrier", 0, 1, nothing, nothing, no_data, barrier, no_data },
    { "bcast", 0, 1, vector, nothing, fill_broadcast, broadcast, check_broadcast },
    { "reduce", 0, 8, vector, vector, fill_reduce, reduce, check_reduce },
    { "allreduce", 0, 4, vector, vector, fill_allreduce, allreduce, check_allreduce },
    { "allgather", 0, 1, vector, blocks, fill_own, allgather, check_allgather },
    { "alltoall", 0, 1, blocks, blocks, fill_alltoall, alltoall, check_alltoall },
    { "alltoallv", 0, 1, blocks, blocks, fill_alltoall, alltoallv, check_alltoall },
    { "reduce_scatter_block", 0, 8, blocks, vector, fill_reduce_scatter, reduce_scatter, check_reduce_scatter },
};

static const Operation *find(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

/* ---- the method ---- */

/* Touches every page, so that no fault of first use falls into a timed call. */
static char *buffer(long length)
{
    void *memory = NULL;
    if (posix_memalign(&memory, 4096, (size_t)length + 4096) != 0)
        fail("out of memory");
    memset(memory, 0, (size_t)length + 4096);
    return memory;
}

/* One iteration; returns this rank's time in microseconds. */
static double iterate(const Operation *operation, int check)
{
    double start = 0, time = 0;
    if (check) {
        operation->fill();
        memset(receive_buffer, 0, (size_t)operation->receive_length());
    }
    if (operation->pair) {
        if (rank < 2) {
            start = now();
            operation->call();
            time = now() - start;
        }
    } else {
        MPI_Barrier(MPI_COMM_WORLD);
        start = now();
        operation->call();
        time = now() - start;
    }
    if (check && (rank < 2 || !operation->pair))
        operation->check();
    return time;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const Operation *operation, double warmup_seconds, double seconds, int check)
{
    send_buffer = buffer(operation->send_length());
    receive_buffer = buffer(operation->receive_length());
    operation->fill();
    iterate(operation, 1);

    /* Warm-up by time, in batches that rank 0 announces: a batch doubles until it lasts 10 ms. Zero ends it. */
    long batch = 1;
    double per_iteration = 0, began = now();
    for (;;) {
        MPI_Bcast(&batch, 1, MPI_LONG, 0, MPI_COMM_WORLD);
        if (batch == 0)
            break;
        double start = now();
        for (long i = 0; i < batch; i++)
            iterate(operation, 0);
        double elapsed = now() - start;
        per_iteration = elapsed / batch;
        if (now() - began >= warmup_seconds * 1e6)
            batch = 0;
        else if (elapsed < 10e3)
            batch *= 2;
    }

    long iterations = (long)fmin(fmax(seconds * 1e6 / fmax(per_iteration, 0.01), MIN_ITERATIONS), MAX_ITERATIONS);
    MPI_Bcast(&iterations, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    double *samples = (double *)buffer(iterations * (long)sizeof(double));
    double *slowest = (double *)buffer(iterations * (long)sizeof(double));
    MPI_Barrier(MPI_COMM_WORLD);
    for (long i = 0; i < iterations; i++)
        samples[i] = iterate(operation, check);

    if (operation->pair)
        memcpy(slowest, samples, (size_t)iterations * sizeof(double));
    else
        MPI_Reduce(samples, slowest, (int)iterations, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);

    if (rank == 0) {
        double scale = strcmp(operation->name, "pingpong") == 0 ? 0.5 : 1.0;
        qsort(slowest, (size_t)iterations, sizeof(double), ascending);
        printf("{\"op\":\"%s\",\"ranks\":%d,\"bytes\":%ld,\"us_min\":%.3f,\"us_median\":%.3f,\"us_p99\":%.3f,\"iters\":%ld,"
               "\"topology\":\"mesh\",\"algorithm\":\"default\"}\n",
               operation->name, size, bytes, slowest[0] * scale, slowest[iterations / 2] * scale,
               slowest[(long)ceil(0.99 * iterations) - 1] * scale, iterations);
        fflush(stdout);
    }
    free(samples);
    free(slowest);
    free(send_buffer);
    free(receive_buffer);
}

/* "8,1K,1M" → sizes; K and M are KiB and MiB. */
static int parse_sizes(char *list, long *sizes)
{
    int count = 0;
    for (char *save, *item = strtok_r(list, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        char *end;
        long value = strtol(item, &end, 10);
        if (*end == 'K')
            value <<= 10, end++;
        else if (*end == 'M')
            value <<= 20, end++;
        if (*end != '\0' || value < 0 || count == MAX_SIZES)
            fail("--bytes takes a list such as 8,1K,1M");
        sizes[count++] = value;
    }
    return count;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    double seconds = 1.0, warmup = 0.5;
    int check = 0, size_count = 1;
    long sizes[MAX_SIZES] = { 8 };
    if (argc < 2)
        fail("usage: mpi_bench OP[,OP...] [--bytes LIST] [--seconds S] [--warmup S] [--check]");
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0)
            check = 1;
        else if (i + 1 < argc && strcmp(argv[i], "--bytes") == 0)
            size_count = parse_sizes(argv[++i], sizes);
        else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0)
            seconds = atof(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--warmup") == 0)
            warmup = atof(argv[++i]);
        else
            fail("unknown option");
    }
    counts = malloc((size_t)size * sizeof(int));
    displacements = malloc((size_t)size * sizeof(int));

    /* The process's first measurement warms up for twice the time, an operation's first for the time, later sizes for half of it. */
    double factor = 2.0;
    for (char *save, *name = strtok_r(argv[1], ",", &save); name != NULL; name = strtok_r(NULL, ",", &save)) {
        const Operation *operation = find(name);
        if (operation == NULL)
            fail("unknown operation");
        if (operation->pair && size < 2)
            fail("this operation needs two ranks");
        for (int i = 0; i < size_count; i++) {
            bytes = operation->send_length == nothing ? 0 : sizes[i];
            if (bytes % operation->element != 0)
                fail("the bytes are not a multiple of the operation's element");
            measure(operation, warmup * factor, seconds, check);
            factor = 0.5;
            if (operation->send_length == nothing)
                break;
        }
        factor = 1.0;
    }

    MPI_Finalize();
    return 0;
}
