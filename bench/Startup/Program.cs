// What bench/startup.sh starts 64 times; bench/peers/mpi_hello.c is the same in C.
using BoxerMpi;

return MpiProgram.Run(world =>
{
    world.Barrier();
    Console.WriteLine($"Hello from rank {world.Rank} of {world.Size}");
});
