// boxer run -n 6 --topology grid examples/Jacobi [N]
//
// Heat on a plate of N x N points by Jacobi's method. A Cartesian communicator gives every rank a rectangle of the plate; before each
// step the ranks swap the edges of their rectangles with their neighbours, by a halo exchange that is planned once. Every few steps an
// AllReduce tells all of them whether it is enough. On the plate's rim the heat is x^2 - y^2, which is the exact answer inside as well:
// exit code 0 or 1.
using BoxerMpi;

return MpiProgram.Run(world =>
{
    CartesianShape shape = new(CartesianShape.Balance(world.Size, 2));
    const int Most = 5000; // steps grow with the square of N: beyond, nobody waits for the end
    if (!int.TryParse(args.FirstOrDefault() ?? "40", out int n) || n < shape.Dimensions[0] || n > Most)
        return world.Quit(2, $"jacobi: N must be a number from {shape.Dimensions[0]}, a row of points for each rank, to {Most}");

    using CartesianCommunicator plate = world.CreateCartesian(shape)!;
    (int top, int height) = Share(n, plate.Coordinates[0], shape.Dimensions[0]);
    (int left, int width) = Share(n, plate.Coordinates[1], shape.Dimensions[1]);

    // This rank's points with a rim: the neighbours' edges, or the rim of the plate.
    double[,] now = new double[height + 2, width + 2], next = new double[height + 2, width + 2];
    for (int i = 0; i < height + 2; i++)
    {
        for (int j = 0; j < width + 2; j++)
            now[i, j] = next[i, j] = IsRim(top + i) || IsRim(left + j) ? Exact(top + i, left + j) : 0;
    }

    // Blocks in the order of the neighbours: above, below, left, right.
    BlockLayout edges = BlockLayout.FromCounts(width, width, height, height);
    double[] outgoing = new double[edges.Total], incoming = new double[edges.Total];
    using PersistentCollective halo = plate.PrepareNeighbourAllToAllV<double>(outgoing, edges, incoming, edges);

    const double Enough = 1e-9;
    const int StepsBetweenChecks = 20;
    int steps = 0;
    double change;
    do
    {
        change = 0;
        for (int k = 0; k < StepsBetweenChecks; k++, steps++)
        {
            ForEachEdge((slot, inside, _) => outgoing[slot] = now[inside.I, inside.J]);
            halo.Run();
            ForEachEdge((slot, _, outside) => now[outside.I, outside.J] = IsRim(top + outside.I) || IsRim(left + outside.J)
                ? now[outside.I, outside.J] : incoming[slot]);
            change = 0;
            for (int i = 1; i <= height; i++)
            {
                for (int j = 1; j <= width; j++)
                {
                    next[i, j] = (now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1]) / 4;
                    change = Math.Max(change, Math.Abs(next[i, j] - now[i, j]));
                }
            }

            (now, next) = (next, now);
        }

        change = plate.AllReduce(change, ReduceOp<double>.Max);
    }
    while (change > Enough);

    double off = 0;
    for (int i = 1; i <= height; i++)
    {
        for (int j = 1; j <= width; j++)
            off = Math.Max(off, Math.Abs(now[i, j] - Exact(top + i, left + j)));
    }

    // What is still missing shrinks by 1 - pi^2/2n^2 a step, so it is about that many times the last change.
    off = plate.AllReduce(off, ReduceOp<double>.Max);
    bool correct = off < Enough * n * n;
    if (plate.Rank == 0)
        Console.WriteLine($"plate of {n}x{n} on {shape} ranks: {steps} steps, off by {off:E1}: {(correct ? "correct" : "WRONG")}");
    return correct ? 0 : 1;

    bool IsRim(int index) => index == 0 || index == n + 1;

    double Exact(int i, int j) => (i * (double)i - j * (double)j) / ((n + 1.0) * (n + 1.0));

    // Calls back with the place in the buffers, the point at the edge, and the one beyond it.
    void ForEachEdge(Action<int, (int I, int J), (int I, int J)> visit)
    {
        for (int j = 1; j <= width; j++)
        {
            visit(j - 1, (1, j), (0, j));
            visit(width + j - 1, (height, j), (height + 1, j));
        }

        for (int i = 1; i <= height; i++)
        {
            visit(2 * width + i - 1, (i, 1), (i, 0));
            visit(2 * width + height + i - 1, (i, width), (i, width + 1));
        }
    }
});

// Where the share of a rank begins, and how long it is.
static (int Start, int Length) Share(int points, int index, int ranks)
{
    int start = (int)((long)points * index / ranks);
    return (start, (int)((long)points * (index + 1) / ranks) - start);
}
