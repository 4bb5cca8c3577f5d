/*
 * What bench/startup.sh starts: initialise, meet in a barrier, say hello, end.
 * With --wire every rank also exchanges a byte with every other, for MPI libraries connect a pair at its first message.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 1 && strcmp(argv[1], "--wire") == 0) {
        char *send = calloc((size_t)size, 1), *receive = calloc((size_t)size, 1);
        MPI_Request *requests = malloc(2 * (size_t)size * sizeof *requests);
        for (int peer = 0; peer < size; peer++) {
            MPI_Irecv(receive + peer, 1, MPI_BYTE, peer, 0, MPI_COMM_WORLD, &requests[2 * peer]);
            MPI_Isend(send + peer, 1, MPI_BYTE, peer, 0, MPI_COMM_WORLD, &requests[2 * peer + 1]);
        }
        MPI_Waitall(2 * size, requests, MPI_STATUSES_IGNORE);
        free(send);
        free(receive);
        free(requests);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    printf("Hello from rank %d of %d\n", rank, size);
    MPI_Finalize();
    return 0;
}
