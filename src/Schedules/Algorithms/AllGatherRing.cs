namespace BoxerMpi.Schedules;

/// <summary>Blocks go round the ring: P−1 rounds, each rank passes on to the next what it got last.</summary>
/// <remarks>Best for long blocks, and on rings.</remarks>
internal static class AllGatherRing
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        int size = call.Size;
        schedule.Copy(call.Own, call.ReceiveBlock(call.Rank)).EndRound();
        for (int step = 0; step < size - 1; step++)
        {
            schedule
                .Receive(from: (call.Rank - 1 + size) % size, call.ReceiveBlock((call.Rank - step - 1 + size) % size))
                .Send(to: (call.Rank + 1) % size, call.ReceiveBlock((call.Rank - step + size) % size))
                .EndRound();
        }

        return schedule.Build();
    }
}
