// boxer run -n 16 --topology mesh examples/MeshOrGrid [REPETITIONS]
//
// The same shuffle by both ways: straight to every rank over a mesh, P-1 messages a rank, or in two phases over the rows and columns of
// a grid, r+c-2 messages with every byte sent twice. On a mesh of links both can run, so that only the way differs. Short blocks want
// few messages, long ones want few bytes; where the two meet depends on the machine and the network. Both must bring the same blocks:
// exit code 0 or 1.
using System.Diagnostics;
using BoxerMpi;

return MpiProgram.Run(world =>
{
    if (!int.TryParse(args.FirstOrDefault() ?? "20", out int repetitions) || repetitions < 1)
        return world.Quit(2, $"meshorgrid: repetitions must be a positive number, not '{args[0]}'");

    if (world.Topology.LinkCount < world.Size * (world.Size - 1L) / 2)
        return world.Quit(2, $"meshorgrid: the way by mesh needs links between all ranks, not {world.Topology.Spec}: add --topology mesh");

    (int rows, int columns) = Topology.NearSquare(world.Size);
    if (world.Rank == 0)
    {
        Console.WriteLine(
            $"{world.Size} ranks: {world.Size - 1} messages a rank by mesh, {rows + columns - 2} by a grid of {rows}x{columns}");
        Console.WriteLine($"{"block",10} {"mesh",12} {"grid",12}   faster");
    }

    bool correct = true;
    foreach (int block in new[] { 1, 16, 256, 4096, 16384 })
    {
        (double mesh, bool meshRight) = Measure(world, "linear", block, repetitions);
        (double grid, bool gridRight) = Measure(world, "grid", block, repetitions);
        correct &= meshRight && gridRight;
        string faster = grid < mesh ? $"grid by {mesh / grid:F2}" : $"mesh by {grid / mesh:F2}";
        if (world.Rank == 0)
            Console.WriteLine($"{block * sizeof(int),8} B {mesh,9:F1} us {grid,9:F1} us   {faster}");
    }

    correct = world.AllReduce(correct, ReduceOp<bool>.LogicalAnd);
    if (world.Rank == 0)
        Console.WriteLine($"both bring the same blocks: {(correct ? "correct" : "WRONG")}");
    return correct ? 0 : 1;
});

// The median time of a shuffle, the slowest rank's, and whether the right blocks came.
static (double Microseconds, bool IsRight) Measure(Communicator world, string algorithm, int block, int repetitions)
{
    world.SetCollectiveOptions(world.GetCollectiveOptions().With(Collective.AllToAll, algorithm));
    int[] send = new int[world.Size * block], receive = new int[world.Size * block];
    for (int i = 0; i < send.Length; i++)
        send[i] = Value(from: world.Rank, to: i / block, i % block);

    using PersistentCollective shuffle = world.PrepareAllToAll<int>(send, receive);
    shuffle.Run(); // links and buffers are warm from here on
    double[] times = new double[repetitions];
    for (int i = 0; i < repetitions; i++)
    {
        Array.Clear(receive);
        world.Barrier();
        long start = Stopwatch.GetTimestamp();
        shuffle.Run();
        times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    bool isRight = true;
    for (int i = 0; i < receive.Length; i++)
        isRight &= receive[i] == Value(from: i / block, to: world.Rank, i % block);
    world.AllReduce(times.AsSpan(), ReduceOp<double>.Max);
    Array.Sort(times);
    return (times[repetitions / 2], isRight);
}

static int Value(int from, int to, int i) => from * 1_000_003 + to * 1009 + i;
