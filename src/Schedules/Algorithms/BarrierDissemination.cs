namespace BoxerMpi.Schedules;

/// <summary>
/// In round k a rank hears from the rank 2ᵏ before it and tells the one 2ᵏ after it: ⌈log₂ P⌉ rounds, the fewest there can be.
/// </summary>
/// <remarks>Hensgen, Finkel, Manber (1988).</remarks>
internal static class BarrierDissemination
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        for (int distance = 1; distance < call.Size; distance <<= 1)
        {
            schedule
                .Await(from: (call.Rank - distance + call.Size) % call.Size)
                .Notify(to: (call.Rank + distance) % call.Size)
                .EndRound();
        }

        return schedule.Build();
    }
}
