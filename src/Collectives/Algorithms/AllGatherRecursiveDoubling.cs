namespace BoxerMpi.Collectives;

/// <summary>Partners at distance 1, 2, 4 … swap all that they have: log₂ P rounds, for powers of two and uniform blocks.</summary>
/// <remarks>Best for short and middle blocks; everything lands where it belongs. Thakur, Rabenseifner, Gropp (2005), §3.2.</remarks>
internal static class AllGatherRecursiveDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        long block = call.Bytes;
        schedule.Copy(call.Own, call.ReceiveBlock(call.Rank)).EndRound();
        for (int distance = 1; distance < call.Size; distance <<= 1)
        {
            int partner = call.Rank ^ distance;
            schedule
                .Receive(from: partner, Region.UserReceive((partner & -distance) * block, distance * block))
                .Send(to: partner, Region.UserReceive((call.Rank & -distance) * block, distance * block))
                .EndRound();
        }

        return schedule.Build();
    }
}
