namespace BoxerMpi.Collectives;

/// <summary>In round k a rank sends the fold of the 2ᵏ ranks up to itself to the rank 2ᵏ after it: ⌈log₂ P⌉ rounds, one message each way.</summary>
/// <remarks>Half the folds of recursive doubling, and needs links at distance ±2ᵏ. Keeps rank order. Hillis, Steele (1986).</remarks>
internal static class ScanDistanceDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        ScanFold fold = new(schedule, call);
        int rank = call.Rank;
        for (int distance = 1; distance < call.Size; distance <<= 1)
        {
            if (rank + distance < call.Size)
                fold.Send(rank + distance);
            if (rank - distance >= 0)
                fold.ReceiveEarlier(rank - distance, isBlockNeeded: rank + 2 * distance < call.Size);
            fold.EndRound();
        }

        return fold.Build();
    }
}
