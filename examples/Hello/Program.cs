// boxer run -n 4 examples/Hello
using BoxerMpi;

return MpiProgram.Run(world =>
    Console.WriteLine($"rank {world.Rank} of {world.Size}: ranks add up to {world.AllReduce(world.Rank, ReduceOp<int>.Sum)}"));
