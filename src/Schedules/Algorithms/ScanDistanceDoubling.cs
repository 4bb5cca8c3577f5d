namespace BoxerMpi.Schedules;

/// <summary>
/// In round k a rank sends the fold of the 2ᵏ ranks up to itself to the rank 2ᵏ after it: ⌈log₂ P⌉ rounds, one message each way.
/// </summary>
/// <remarks>Half the folds of recursive doubling, and needs links at distance ±2ᵏ. Keeps rank order. Hillis, Steele (1986).</remarks>
internal static class ScanDistanceDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        ScanFold fold = new(schedule, call.Own, isExclusive: call.Collective == Collective.ExclusiveScan);
        Steps(schedule, fold, call.Rank, call.Size, rank => rank, isWholeNeeded: false);

        // Rank 0 of an exclusive scan has no prefix and keeps its buffer.
        if (fold.Prefix is { } prefix)
            schedule.Copy(prefix, Region.UserReceive(0, call.Bytes));
        return schedule.Build();
    }

    /// <summary>The rounds of one of some ranks in a line.</summary>
    /// <param name="schedule">Takes the steps.</param>
    /// <param name="fold">What this rank keeps.</param>
    /// <param name="me">The place in the line.</param>
    /// <param name="count">The length of the line.</param>
    /// <param name="rankOf">The rank at a place.</param>
    /// <param name="isWholeNeeded">Whether the block is to hold the fold of the line up to this rank at the end.</param>
    public static void Steps(ScheduleBuilder schedule, ScanFold fold, int me, int count, Func<int, int> rankOf, bool isWholeNeeded)
    {
        for (int distance = 1; distance < count; distance <<= 1)
        {
            if (me + distance < count)
                fold.Send(rankOf(me + distance));
            if (me - distance >= 0)
                fold.ReceiveEarlier(rankOf(me - distance), isBlockNeeded: isWholeNeeded || me + 2 * distance < count);
            schedule.EndRound();
        }
    }
}
