namespace BoxerMpi.Schedules;

/// <summary>Reduce-scatter by halving, then the chunks are gathered at the root: 2n bytes and n folded bytes a rank.</summary>
/// <remarks>Best for long vectors, for operations that commute. Rabenseifner (2004).</remarks>
internal static class ReduceScatterGather
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        CollectiveCall shape = call;
        FoldedRanks ranks = new(call.Size);
        int me = call.RankRelativeTo(call.Root);
        Region source = call.Own;
        if (ranks.IsFolded(me))
            return schedule.Send(to: call.RealRank(ranks.Partner(me)), source).Build();

        // The root is participant 0, so it is never folded away.
        Region vector = call.IsRoot ? Region.UserReceive(0, call.Bytes) : schedule.Scratch(call.Bytes);
        Region other = schedule.Scratch(call.Bytes);
        if (ranks.Partner(me) is >= 0 and int partner)
        {
            schedule.Receive(from: call.RealRank(partner), other).Copy(source, vector).Reduce(vector, other).EndRound();
            source = vector;
        }
        else if (ranks.Participants == 1)
        {
            return schedule.Copy(source, vector).Build();
        }

        Halving halving = new(
            schedule, call, ranks.Participant(me), ranks.Participants, participant => shape.RealRank(ranks.Rank(participant)), vector);
        halving.ReduceScatter(source, other);
        halving.GatherToFirst();
        return schedule.Build();
    }
}
