// boxer run -n 4 --topology ring examples/Ring [ROUNDS]
//
// A token goes round the ring; every rank adds its number to it. Point-to-point messages between neighbours only, so the sparsest
// topology carries it. Rank 0 checks the sum: exit code 0 or 1.
using System.Diagnostics;
using BoxerMpi;

return MpiProgram.Run(world =>
{
    if (!int.TryParse(args.FirstOrDefault() ?? "10", out int rounds) || rounds < 1)
        return world.Quit(2, $"ring: rounds must be a positive number, not '{args[0]}'");

    int next = (world.Rank + 1) % world.Size;
    int previous = (world.Rank + world.Size - 1) % world.Size;
    long token = 0;
    Stopwatch clock = Stopwatch.StartNew();

    for (int round = 0; round < rounds; round++)
    {
        // The first round also loads code; time the others.
        if (round == 1)
            clock.Restart();

        // Rank 0 starts the round, the others wait for the token first: never do all of them wait at once.
        if (world.Rank == 0)
        {
            world.Send(token, next);
            token = world.Receive<long>(previous);
        }
        else
        {
            token = world.Receive<long>(previous) + world.Rank;
            world.Send(token, next);
        }
    }

    if (world.Rank != 0)
        return 0;

    long expected = (long)rounds * world.Size * (world.Size - 1) / 2;
    double hop = clock.Elapsed.TotalMicroseconds / ((long)Math.Max(1, rounds - 1) * world.Size);
    Console.WriteLine($"ring of {world.Size}: token is {token} after {rounds} rounds, {hop:F1} us a hop: {(token == expected ? "correct" : $"WRONG, expected {expected}")}");
    return token == expected ? 0 : 1;
});
