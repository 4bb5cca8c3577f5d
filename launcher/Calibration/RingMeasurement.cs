using System.Diagnostics;

namespace BoxerMpi.Launcher.Calibration;

/// <summary>A small message goes round all ranks: with more ranks than cores, each hop puts another rank on a core.</summary>
internal static class RingMeasurement
{
    private const int Rounds = 400;
    private const int LeastRounds = 20;

    // Where hops take long, fewer rounds tell as much.
    private const double MostSeconds = 10;

    /// <summary>The median time of a hop; only rank 0's means something.</summary>
    public static double HopSeconds(Communicator world)
    {
        double first = MedianRound(world, LeastRounds);
        int count = world.Broadcast((int)Math.Clamp(MostSeconds / Math.Max(first, 1e-9), LeastRounds, Rounds));
        MedianRound(world, count / 4); // warm-up
        return MedianRound(world, count) / world.Size;
    }

    private static double MedianRound(Communicator world, int count)
    {
        byte[] token = new byte[8];
        double[] rounds = new double[count];
        (int next, int previous) = ((world.Rank + 1) % world.Size, (world.Rank + world.Size - 1) % world.Size);
        for (int round = 0; round < count; round++)
        {
            long start = Stopwatch.GetTimestamp();
            if (world.Rank == 0)
                world.Send<byte>(token, next);
            world.Receive<byte>(token, previous, 0);
            if (world.Rank != 0)
                world.Send<byte>(token, next);
            rounds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(rounds);
        return rounds[count / 2];
    }
}
