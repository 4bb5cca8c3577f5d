namespace BoxerMpi.Schedules;

/// <summary>
/// Partners at distance 1, 2, 4 … swap the folds of their blocks of ranks: what comes from an earlier block belongs to the prefix.
/// ⌈log₂ P⌉ rounds for any P, between ranks that differ in one bit.
/// </summary>
/// <remarks>
/// Best for short vectors where links are those of a hypercube. A fold goes to an earlier rank only where that rank has still to pass
/// it on. Keeps rank order. Sanders, Träff (2006).
/// </remarks>
internal static class ScanRecursiveDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        ScanFold fold = new(schedule, call.Own, isExclusive: call.Collective == Collective.ExclusiveScan);
        int rank = call.Rank;
        for (int distance = 1; distance < call.Size; distance <<= 1)
        {
            int partner = rank ^ distance;
            if (partner >= call.Size)
                continue;
            bool isEarlier = partner < rank;
            if (!isEarlier || IsPassedOn(partner, distance, call.Size))
                fold.Send(partner);
            bool isPassedOn = IsPassedOn(rank, distance, call.Size);
            if (isEarlier)
                fold.ReceiveEarlier(partner, isPassedOn);
            else if (isPassedOn)
                fold.ReceiveLater(partner);
            schedule.EndRound();
        }

        // Rank 0 of an exclusive scan has no prefix and keeps its buffer.
        if (fold.Prefix is { } prefix)
            schedule.Copy(prefix, Region.UserReceive(0, call.Bytes));
        return schedule.Build();
    }

    /// <summary>Whether a later round asks this rank for the fold of its block.</summary>
    private static bool IsPassedOn(int rank, int distance, int size)
    {
        for (int later = distance << 1; later < size; later <<= 1)
        {
            // A later partner gets it in any case, an earlier one if it passes it on in its turn: then a later rank exists for that too.
            int partner = rank ^ later;
            if (partner < size && (partner > rank || IsPassedOn(partner, later, size)))
                return true;
        }

        return false;
    }
}
