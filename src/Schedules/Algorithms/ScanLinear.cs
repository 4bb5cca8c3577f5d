namespace BoxerMpi.Schedules;

/// <summary>
/// Prefixes go from rank to rank, in segments: each folds its own part in and passes a segment on while the next arrives.
/// </summary>
/// <remarks>P−1 hops with n bytes each: for very long vectors, for rings and lines. Folds strictly in the order of the ranks.</remarks>
internal static class ScanLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        bool isExclusive = call.Collective == Collective.ExclusiveScan;
        Region result = Region.UserReceive(0, call.Bytes);
        bool isLast = call.Rank == call.Size - 1;
        if (call.Rank == 0)
        {
            if (!isExclusive)
                schedule.Copy(call.Own, result);
            for (Region part = First(call); part.Length > 0 && !isLast; part = Next(call, part))
                schedule.Send(to: 1, call.Own.Slice(part.Offset, part.Length)).EndRound();
            return schedule.Build();
        }

        // The fold runs in scratch memory: own and result may be the same buffer, and the earlier ranks' part must be the accumulator.
        Region prefix = schedule.Scratch(call.Bytes);
        Region spare = isExclusive && !isLast ? schedule.Scratch(First(call).Length) : default;
        Region before = prefix.Slice(0, 0);
        for (Region part = First(call); part.Length > 0 || before.Length > 0; part = Next(call, part))
        {
            Region arriving = prefix.Slice(part.Offset, part.Length);
            if (part.Length > 0)
                schedule.Receive(from: call.Rank - 1, arriving);
            if (before.Length > 0 && !isLast)
                schedule.Send(to: call.Rank + 1, before);
            Fold(schedule, call, arriving, result.Slice(part.Offset, part.Length), isExclusive, spare);
            schedule.EndRound();
            before = arriving;
        }

        return schedule.Build();
    }

    private static void Fold(
        ScheduleBuilder schedule, in CollectiveCall call, Region arriving, Region result, bool isExclusive, Region spare)
    {
        Region own = call.Own.Slice(result.Offset, result.Length);
        if (!isExclusive)
        {
            schedule.Reduce(arriving, own).Copy(arriving, result);
        }
        else if (spare.Length == 0)
        {
            schedule.Copy(arriving, result);
        }
        else
        {
            // In place the result takes the memory of what is still to be folded.
            Region earlier = spare.Slice(0, result.Length);
            schedule.Copy(arriving, earlier).Reduce(arriving, own).Copy(earlier, result);
        }
    }

    private static Region First(in CollectiveCall call) => Next(call, default);

    private static Region Next(in CollectiveCall call, Region part)
    {
        long segment = Math.Max(1, call.SegmentBytes / call.ElementSize) * call.ElementSize;
        return new(BufferKind.Scratch, part.End, Math.Min(segment, call.Bytes - part.End));
    }
}
