using System.Diagnostics;

namespace BoxerMpi.Launcher.Calibration;

/// <summary>A small message goes round all ranks: with more ranks than cores, each hop puts another rank on a core.</summary>
internal static class RingMeasurement
{
    private const int Rounds = 400;
    private const int WarmUpRounds = 100;

    /// <summary>The median time of a hop; only rank 0's means something.</summary>
    public static double HopSeconds(Communicator world)
    {
        byte[] token = new byte[8];
        double[] rounds = new double[Rounds];
        (int next, int previous) = ((world.Rank + 1) % world.Size, (world.Rank + world.Size - 1) % world.Size);
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            if (world.Rank == 0)
                world.Send<byte>(token, next);
            world.Receive<byte>(token, previous, 0);
            if (world.Rank != 0)
                world.Send<byte>(token, next);
            if (round >= 0)
                rounds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(rounds);
        return rounds[Rounds / 2] / world.Size;
    }
}
