namespace BoxerMpi.Schedules;

/// <summary>Reduce-scatter by halving, then all-gather by doubling: 2·⌊log₂ P⌋ rounds, 2n bytes and n folded bytes a rank.</summary>
/// <remarks>Best for long vectors. Surplus ranks fold in before and get the result after. Rabenseifner (2004).</remarks>
internal static class AllReduceHalvingDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        FoldedRanks ranks = new(call.Size);
        int partner = ranks.Partner(call.Rank);
        Region vector = Region.UserReceive(0, call.Bytes);
        Region source = call.Own;
        if (ranks.Participants == 1)
            return schedule.Copy(source, vector).Build();
        if (ranks.IsFolded(call.Rank))
            return schedule.Send(to: partner, source).EndRound().Receive(from: partner, vector).Build();

        Region other = schedule.Scratch(call.Bytes);
        if (partner >= 0)
        {
            schedule.Receive(from: partner, other).Copy(source, vector).Reduce(vector, other).EndRound();
            source = vector;
        }

        Halving halving = new(schedule, call, ranks.Participant(call.Rank), ranks.Participants, ranks.Rank, vector);
        halving.ReduceScatter(source, other);
        halving.AllGather();
        if (partner >= 0)
            schedule.Send(to: partner, vector);
        return schedule.Build();
    }
}
